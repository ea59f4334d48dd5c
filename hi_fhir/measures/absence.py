"""What of a measure may not be told, because of what was not there or could not be understood.

Rule `absence`, version 2 (docs/explanation/rules.md), from the standings of each source's types.
"""

from collections.abc import Iterable, Iterator, Mapping

from hi_fhir.measures.model import POPULATIONS, Measure
from hi_fhir.measures.render.requirements import Need, measure_needs, needs, population_needs, stratum_needs
from hi_fhir.measures.render.silence import can_hold, is_told, rests_on, types_read
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words.base import Word
from hi_fhir.tables.standing import REASONS, Absence, Standing, TypeState

_LOSSY = (TypeState.NOT_UNDERSTOOD, TypeState.OVER_LIMIT)
_GONE = (TypeState.NOT_OFFERED, TypeState.NOT_UNDERSTOOD)
_REGISTER = "Condition"  # what a register of a diagnosis is made of, wherever else its codes may stand
_LATER = {
    "initial_population": (
        "denominator",
        "denominator_exclusion",
        "numerator",
        "numerator_exclusion",
        "denominator_exception",
        "occasions",
        "undetermined",
    ),
    "denominator": (
        "denominator_exclusion",
        "numerator",
        "numerator_exclusion",
        "denominator_exception",
        "occasions",
        "undetermined",
    ),
    "denominator_exclusion": ("numerator", "numerator_exclusion", "denominator_exception", "occasions"),
    "numerator": ("numerator_exclusion", "denominator_exception", "occasions"),
}
"""Populations that are decided among those whom an earlier one has or has not settled."""

Found = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Source to type to value set to the codings that were read; "" is the value set of a type that is read whole."""


def wanting(measure: Measure, found: Iterable[Standing]) -> list[Standing]:
    """The standings of types that a measure rests on, where they are not understood.

    That nothing was received of a type goes without saying here: what it costs a measure goes by the codes that it
    reads, whatever else was asked for beside it.
    """
    types = types_read(measure)
    return [one for one in found if one.type in types and one.standing not in (TypeState.UNDERSTOOD, TypeState.NOTHING)]


def unheard(measure: Measure, source: str, found: Found) -> list[str]:
    """Value sets of a measure and its breakdowns, and types read whole, of which no record of the source has a code."""
    there = found.get(source, {})
    asked = measure_needs(measure)
    heard = {value_set or type_ for type_, value_set in asked if there.get(type_, {}).get(value_set or "")}
    return sorted({value_set or type_ for type_, value_set in asked} - heard)


def absences(
    measure: Measure, judged: Iterable[Standing], found: Found, homes: Mapping[str, Iterable[str]]
) -> list[Absence]:
    """What of a measure may not be told, by source, type and standing.

    homes: practice to the sources that its registered people are from, or would be.
    """
    by_source: dict[str, dict[str, TypeState]] = {}
    for one in judged:
        by_source.setdefault(one.source, {})[one.type] = one.standing
    absent = []
    for source, types in sorted(by_source.items()):
        practices = tuple(sorted(practice for practice, sources in homes.items() if source in sources))
        if not practices:
            continue
        heard = found.get(source, {})
        for (type_, standing), populations in _by_cause(_unknown_populations(measure, types, heard)):
            named = tuple(name for name in POPULATIONS if name in populations)
            absent.append(Absence(measure.id, source, type_, standing, named, practices))
        for by in measure.single_stratifiers:
            for (type_, standing), untold in _by_cause(_unknown_strata(by, types, heard)):
                strata = tuple(stratum for stratum in by.strata if stratum in untold)
                absent.append(Absence(measure.id, source, type_, standing, (), practices, by.id, strata))
    return absent


def _by_cause(untold: Iterable[tuple[str, str, TypeState]]) -> list[tuple[tuple[str, TypeState], set[str]]]:
    """What is untold by type and standing, in order."""
    found: dict[tuple[str, TypeState], set[str]] = {}
    for what, type_, standing in untold:
        found.setdefault((type_, standing), set()).add(what)
    return sorted(found.items())


def withheld(absent: Iterable[Absence]) -> dict[tuple[str, str], dict[str, str]]:
    """Measure and practice to the populations that may not be told, each with the gravest reason."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in sorted(absent, key=lambda absence: -REASONS.index(absence.standing)):
        for practice in one.practices:
            found.setdefault((one.measure_id, practice), {}).update(dict.fromkeys(one.populations, one.standing))
    return found


def withheld_strata(absent: Iterable[Absence]) -> dict[tuple[str, str], dict[tuple[str, str], str]]:
    """Measure and practice to the strata, by stratifier and stratum, that may not be told, with the gravest reason."""
    found: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for one in sorted(absent, key=lambda absence: -REASONS.index(absence.standing)):
        if one.stratifier is not None:
            strata = dict.fromkeys(((one.stratifier, stratum) for stratum in one.strata), one.standing)
            for practice in one.practices:
                found.setdefault((one.measure_id, practice), {}).update(strata)
    return found


def _unknown_populations(
    measure: Measure, types: Mapping[str, TypeState], found: Mapping[str, Mapping[str, int]]
) -> Iterator[tuple[str, str, TypeState]]:
    """Population, type and standing: of those that a source's silence or losses leave untold."""
    silent = _silent(population_needs(measure), types, found)
    defined = {name for name, _ in measure.populations()} | (
        {"denominator", "occasions", "undetermined"} & {*measure.counted}
    )
    for name, word in measure.populations():
        reasons = _losses(word, types)
        if name == "initial_population":
            reasons |= _no_register(word, types)
        if not can_hold(word, silent.keys()):
            reasons |= _silence(word, silent)
        for population in defined.intersection((name, *_LATER.get(name, ()))):
            yield from ((population, *reason) for reason in sorted(reasons))


def _unknown_strata(
    one: Stratifier, types: Mapping[str, TypeState], found: Mapping[str, Mapping[str, int]]
) -> Iterator[tuple[str, str, TypeState]]:
    """Stratum, type and standing, as of populations: of the first word that is not told, and of all after it.

    Whoever is in one of those may be in an earlier one for all that is known. What the measure itself reads plays no
    part, so that a breakdown is told or not in all measures alike.
    """
    silent = _silent(stratum_needs(one), types, found)
    reasons: set[tuple[str, TypeState]] = set()
    for number, stratum in enumerate(one.strata if one.words else ()):
        if number < len(one.words):
            word = one.words[number]
            reasons |= _losses(word, types) | _no_register(word, types)
            reasons |= set() if is_told(word, silent.keys()) else _silence(word, silent)
        yield from ((stratum, *reason) for reason in sorted(reasons))


def _losses(word: Word, types: Mapping[str, TypeState]) -> set[tuple[str, TypeState]]:
    return {(type_, types[type_]) for type_ in rests_on(word) if _is_loss(type_, types.get(type_))}


def _no_register(word: Word, types: Mapping[str, TypeState]) -> set[tuple[str, TypeState]]:
    """A register of diagnoses without Conditions is not 0 people, it is unknown."""
    is_wanting = types.get(_REGISTER) == TypeState.NOT_OFFERED and any(type_ == _REGISTER for type_, _ in needs(word))
    return {(_REGISTER, TypeState.NOT_OFFERED)} if is_wanting else set()


def _silence(word: Word, silent: Mapping[str, TypeState]) -> set[tuple[str, TypeState]]:
    return {(type_, silent[type_]) for type_, _ in needs(word) if type_ in silent}


def _is_loss(type_: str, standing: TypeState | None) -> bool:
    """Whether a type's standing alone leaves untold what rests on it: a practice without a patient is not there."""
    return standing in _LOSSY or (standing == TypeState.NOTHING and type_ == "Patient")


def _silent(
    needed: Iterable[Need], types: Mapping[str, TypeState], found: Mapping[str, Mapping[str, int]]
) -> dict[str, TypeState]:
    """Types in which no record with any of the codes that are needed came, with why."""
    asked: dict[str, set[str]] = {}
    for type_, value_set in needed:
        asked.setdefault(type_, set()).add(value_set or "")
    return {
        type_: types[type_] if types.get(type_) in _GONE else TypeState.NOTHING
        for type_, value_sets in asked.items()
        if not any(found.get(type_, {}).get(value_set) for value_set in value_sets)
    }
