"""Measures as they were evaluated, with their definitions, which must be the same still."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.disclosure.counts import Stratum
from hi_fhir.measures import registry
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.evaluation import MeasureReference
from hi_fhir.measures.model import POPULATIONS, Measure
from hi_fhir.measures.render.requirements import needs
from hi_fhir.measures.words.base import Word
from hi_fhir.terminology.data_files import ListState, worst_state

_AT_FIRST = ("initial_population", "denominator", "undetermined")


class EvaluatedMeasure(NamedTuple):
    """A measure as it is defined and as it was evaluated."""

    measure: Measure
    reference: MeasureReference


def evaluated_measures(
    references: Iterable[MeasureReference], overlays: Sequence[Path] = ()
) -> tuple[EvaluatedMeasure, ...]:
    """Each measure that was evaluated, as it was.

    Raises:
        UserError: a measure was evaluated by another definition than it has now.
        NotFoundError: a measure is no longer there.
    """
    there = registry.defined(overlays)
    return tuple(_evaluated(reference, there) for reference in references)


def code_lists(measures: Iterable[EvaluatedMeasure]) -> dict[tuple[str, str], str]:
    """The state of the code lists that decide each population, by measure id and population.

    The initial population and the denominator rest on the lists that they are defined by; what comes after them rests
    on every list of the measure, as does the measure's own state.
    """
    return {
        (measure.id, name): _begun(measure, reference, name) if name in _AT_FIRST else reference.state
        for measure, reference in measures
        for name in POPULATIONS
    }


def strata_lists(measures: Iterable[EvaluatedMeasure]) -> dict[tuple[str, Stratum], str]:
    """The state of the code lists that decide each stratum that is told by words, by measure id and stratum.

    A stratum rests on the lists of its word and of those before it; the last two, on all.
    """
    return {
        (measure.id, (one.id, stratum)): worst(reference, one.words[: number + 1])
        for measure, reference in measures
        for one in measure.single_stratifiers
        if one.words
        for number, stratum in enumerate(one.strata)
    }


def worst(reference: MeasureReference, words: Iterable[Word]) -> ListState:
    """The worst state of the lists that words are told by."""
    own = {value_set for word in words for _, value_set in needs(word)}
    return worst_state(one.state for one in reference.value_sets if one.id in own)


def _evaluated(reference: MeasureReference, there: Mapping[str, registry.Defined]) -> EvaluatedMeasure:
    if reference.id not in there:
        raise NotFoundError(
            f"the evaluation is of {reference.id}, and no measure is called that now. Name the overlay that had it "
            "(--overlay), or evaluate anew."
        )
    measure = there[reference.id].measure
    if measure.version != reference.version:
        raise UserError(
            f"the evaluation is of {reference.id} version {reference.version}, which is now {measure.version}. "
            "Run: hi-fhir evaluate, or name the overlay that it was made with (--overlay)."
        )
    if definition_digest(measure) != reference.definition:
        raise UserError(
            f"the definition of {reference.id} version {reference.version} was changed after the evaluation, which "
            "counted by what it said then. Run: hi-fhir evaluate. Whoever changed it: raise its version."
        )
    return EvaluatedMeasure(measure, reference)


def _begun(measure: Measure, reference: MeasureReference, population: str) -> str:
    """The worst state of the lists of the initial population and, but for that itself, of a denominator of its own."""
    words = [measure.initial_population]
    if measure.denominator is not None and population != "initial_population":
        words.append(measure.denominator)
    return worst(reference, words)
