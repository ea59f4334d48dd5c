"""What holds of everybody in a population: whoever has read the definitions knows who is among whom."""

from collections.abc import Hashable

from hi_fhir.measures.model import Measure
from hi_fhir.measures.words.base import And, Not, Word


def conditions_of(measure: Measure) -> dict[str, frozenset[Hashable]]:
    """Words that are all true of everybody in a population, and of nobody else.

    Populations are decided in turn: whoever is excluded is not looked at for the numerator, and only who is not in that
    may be an exception.
    """
    found = {"initial_population": _parts(measure.initial_population)}
    if not measure.has_score:
        return dict(found)
    found["denominator"] = left = found["initial_population"] | _parts(measure.denominator)
    if measure.denominator_exclusion:
        found["denominator_exclusion"] = left | _parts(measure.denominator_exclusion)
        left |= {Not(measure.denominator_exclusion)}
    if measure.numerator:
        found["numerator"] = left | _parts(measure.numerator)
        if measure.numerator_exclusion:
            found["numerator_exclusion"] = found["numerator"] | _parts(measure.numerator_exclusion)
        left |= {Not(measure.numerator)}
    if measure.denominator_exception:
        found["denominator_exception"] = left | _parts(measure.denominator_exception)
    return dict(found)


def _parts(word: Word | None) -> frozenset[Word]:
    if word is None:
        return frozenset()
    return frozenset(word.parts) if isinstance(word, And) else frozenset({word})
