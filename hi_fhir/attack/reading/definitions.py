"""Which populations of which measures mean the same people, from the definitions, which are no secret."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hi_fhir.attack.told import Report, SamePeople
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.measures.words.base import And, Word
from hi_fhir.measures.words.population import Registered
from hi_fhir.measures.words.tree import walk
from hi_fhir.measures.words.windows import InPeriod

_TAKING_OUT = ("denominator_exclusion", "numerator", "denominator_exception")
"""Populations of the denominator in the order in which they are decided: whoever is in one is in none that follows."""

Conditions = frozenset[tuple[bool, Word]]
"""Words that are true of somebody, or (False) are not."""
_REGISTERED: Conditions = frozenset({(True, Registered())})


def same_people(reports: Iterable[Report], overlays: Sequence[Path] = ()) -> SamePeople:
    """What is known of the measures of reports; nothing of those that are not defined here in the same version."""
    defined = {one.measure.id: one.measure for one in registry.defined(overlays).values()}
    conditions: dict[tuple[str, str], dict[str, Conditions]] = {}
    for url, version in {(report.measure, report.measure_version) for report in reports}:
        measure = defined.get(url.rpartition("/")[2])
        if measure is not None and measure.version == version:
            conditions[url, version] = conditions_of(measure)
    names = {one: f"{place}" for place, one in enumerate(dict.fromkeys(_all(conditions)))}
    who = {key: {population: names[one] for population, one in own.items()} for key, own in conditions.items()}
    by_last_days = frozenset(names[one] for one in names if _is_by_last_days(one))
    return SamePeople(who, _within(conditions, names), by_last_days, names.get(_REGISTERED))


def _is_by_last_days(conditions: Conditions) -> bool:
    words = (inner for _, word in conditions for inner in walk(word))
    return not any(isinstance(value, InPeriod) for word in words for value in vars(word).values())


def conditions_of(measure: Measure) -> dict[str, Conditions]:
    """What holds of everybody in each population of a measure."""
    stated = dict(measure.populations())
    found = {"initial_population": _true(stated["initial_population"])}
    if not measure.has_score:
        return found
    found["denominator"] = left = found["initial_population"] | _true(stated.get("denominator", And(())))
    for population in _TAKING_OUT:
        if population in stated:
            found[population] = left | _true(stated[population])
            left |= {(False, stated[population])}
    if "numerator_exclusion" in stated:
        found["numerator_exclusion"] = found["numerator"] | _true(stated["numerator_exclusion"])
    return found


def _true(word: Word) -> Conditions:
    """A word that is true is one whose parts are."""
    if isinstance(word, And):
        return frozenset[tuple[bool, Word]]().union(*map(_true, word.parts))
    return frozenset({(True, word)})


def _all(conditions: Mapping[tuple[str, str], Mapping[str, Conditions]]) -> list[Conditions]:
    return [one for key in sorted(conditions) for one in conditions[key].values()]


def _within(
    conditions: Mapping[tuple[str, str], Mapping[str, Conditions]], names: Mapping[Conditions, str]
) -> frozenset[tuple[str, str]]:
    """Each population and the narrowest of those that it lies in, but for what a measure's own populations tell."""
    told = {(one, two) for own in conditions.values() for one in own.values() for two in own.values()}
    found = set()
    for narrow in names:
        wider = [one for one in names if one < narrow]
        closest = [one for one in wider if not any(one < other for other in wider)]
        found |= {(names[narrow], names[one]) for one in closest if (narrow, one) not in told}
    return frozenset(found)
