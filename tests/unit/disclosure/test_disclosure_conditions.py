"""What holds of everybody in a population, by the order in which populations are decided."""

from datetime import date

from hi_fhir.disclosure.conditions import conditions_of
from hi_fhir.measures import ProportionMeasure, aged, registered, sex
from hi_fhir.measures.model import CountMeasure
from hi_fhir.measures.words.base import Not, Word
from tests.support.evaluations import a_count

ADULT, OLD, WOMAN, MAN = aged(at_least=18), aged(at_least=80), sex("female"), sex("male")
EVERYBODY = frozenset({registered(), ADULT})


def a_measure(**populations: Word) -> ProportionMeasure:
    named = dict.fromkeys(("id", "version", "title", "description", "rule_set", "source", "reviewed_by"), "")
    return ProportionMeasure(
        **named, next_review=date(2030, 1, 1), initial_population=registered() & ADULT, **populations
    )


def test_parts_of_a_conjunction_are_conditions_of_their_own() -> None:
    found = conditions_of(a_measure(numerator=WOMAN & OLD))
    assert found["denominator"] == found["initial_population"] == EVERYBODY
    assert found["numerator"] == EVERYBODY | {WOMAN, OLD}


def test_a_narrower_denominator_lies_in_the_initial_population() -> None:
    found = conditions_of(a_measure(denominator=OLD, numerator=WOMAN))
    assert found["denominator"] == EVERYBODY | {OLD}
    assert found["numerator"] == EVERYBODY | {OLD, WOMAN}


def test_who_is_excluded_is_not_looked_at_for_the_numerator() -> None:
    found = conditions_of(a_measure(denominator_exclusion=OLD, numerator=WOMAN))
    assert found["denominator_exclusion"] == EVERYBODY | {OLD}
    assert found["numerator"] == EVERYBODY | {Not(OLD), WOMAN}


def test_only_who_is_not_in_the_numerator_may_be_an_exception() -> None:
    found = conditions_of(a_measure(denominator_exclusion=OLD, numerator=WOMAN, denominator_exception=MAN))
    assert found["denominator_exception"] == EVERYBODY | {Not(OLD), Not(WOMAN), MAN}


def test_who_is_taken_out_of_the_numerator_was_in_it() -> None:
    found = conditions_of(a_measure(numerator=WOMAN, numerator_exclusion=OLD, denominator_exception=MAN))
    assert found["numerator_exclusion"] == EVERYBODY | {WOMAN, OLD}
    assert found["denominator_exception"] == EVERYBODY | {Not(WOMAN), MAN}


def test_people_who_are_counted_alone_have_an_initial_population() -> None:
    measure = a_count()
    assert isinstance(measure, CountMeasure)
    assert [*conditions_of(measure)] == ["initial_population"]
