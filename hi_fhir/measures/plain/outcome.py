"""Where a measure puts one person."""

from hi_fhir.measures.examples import Person, times
from hi_fhir.measures.model import Measure, RatioMeasure
from hi_fhir.measures.plain import (  # noqa: F401  each says when its words hold
    completeness,
    events,
    population,
    problems,
    statuses,
    values,
)
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import base

__all__ = ["holds", "outcome"]


def outcome(measure: Measure, person: Person, setting: Setting) -> str:
    """Where the measure puts the person: one of the names of `examples.OUTCOMES`, of a ratio with how often."""
    if person.practice is None:
        return "outside"
    for name, word in measure.populations():
        if name == "numerator_exclusion":
            continue  # of those in the numerator alone
        answer = holds(word, person, setting)
        if answer is None:
            return "undetermined"
        if name == "initial_population" and not answer:
            return "outside"
        if name == "denominator" and not answer:
            return "initial-population"
        if isinstance(measure, RatioMeasure) and name == "numerator" and answer:
            return times("numerator", events.occasions(measure.occasions, person, setting))
        if name == "numerator" and answer:
            return _of_numerator(measure.numerator_exclusion, person, setting)
        if name in ("denominator_exclusion", "denominator_exception") and answer:
            return name.removeprefix("denominator_")
    return "denominator" if measure.numerator else "initial-population"


def _of_numerator(exclusion: base.Word | None, person: Person, setting: Setting) -> str:
    excluded = holds(exclusion, person, setting) if exclusion else False
    return "undetermined" if excluded is None else "numerator-exclusion" if excluded else "numerator"
