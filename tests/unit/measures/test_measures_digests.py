"""A digest changes with what a definition says of people or to readers, and with nothing else."""

from dataclasses import dataclass, replace
from datetime import date

import pytest

from hi_fhir.measures import registry
from hi_fhir.measures.digests import definition_digest, rendered, stratifier_digest
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import AGE_BAND, SEX, ByAge, Crossing
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import observed, value_set
from hi_fhir.measures.words.population import aged, registered
from hi_fhir.measures.words.windows import EVER, IN_PERIOD, months
from tests.support.evaluations import a_count

(MEASURE,) = registry.load(["smoking-status-recorded"])


@dataclass(frozen=True)
class OfTwo(Word):
    first: int
    second: int = 0


@pytest.mark.parametrize(
    "changed",
    [
        replace(MEASURE, id="another"),
        replace(MEASURE, title="Another"),
        replace(MEASURE, description="Another."),
        replace(MEASURE, rule_set="another"),
        replace(MEASURE, source="another"),
        replace(MEASURE, improvement="decrease"),
        replace(MEASURE, caveats=("another",)),
        replace(MEASURE, numerator=~MEASURE.numerator),
        replace(MEASURE, initial_population=registered() & aged(at_least=17)),
        replace(MEASURE, denominator_exclusion=registered()),
        replace(MEASURE, denominator_exception=registered()),
        replace(MEASURE, stratifiers=(SEX,)),
        replace(MEASURE, stratifiers=(replace(SEX, strata=("female", "male", "unknown")),)),
    ],
)
def test_whatever_decides_or_is_published_changes_the_digest(changed: Measure) -> None:
    assert definition_digest(changed) != definition_digest(MEASURE)


@pytest.mark.parametrize(
    "same",
    [
        replace(MEASURE, version="another"),
        replace(MEASURE, reviewed_by="Somebody", next_review=date(2030, 1, 1)),
        replace(MEASURE, examples=()),
    ],
)
def test_version_review_and_examples_change_it_not(same: Measure) -> None:
    assert definition_digest(same) == definition_digest(MEASURE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (observed(value_set("a"), EVER), observed(value_set("b"), EVER)),
        (observed(value_set("a"), EVER), observed(value_set("a"), IN_PERIOD)),
        (observed(value_set("a"), months(12)), observed(value_set("a"), months(60))),
        (registered() & aged(1, 2), registered() | aged(1, 2)),
        (aged(at_least=1), aged(at_most=1)),
    ],
)
def test_words_that_say_something_else_are_told_apart(one: Word, other: Word) -> None:
    assert rendered(one) != rendered(other)


def test_a_field_with_its_default_is_left_out_so_that_a_new_one_changes_nothing() -> None:
    assert rendered(OfTwo(1)) == {"is": "OfTwo", "first": 1}
    assert rendered(OfTwo(1, 2)) == {"is": "OfTwo", "first": 1, "second": 2}


def test_what_has_no_one_spelling_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        rendered({1})


def test_a_stratifier_is_told_by_its_rule_and_its_parts() -> None:
    older = replace(AGE_BAND, rule=ByAge((0, 15, 18, 40, 65, 80)))
    digests = [stratifier_digest(one) for one in (SEX, AGE_BAND, older, Crossing((SEX, AGE_BAND)))]

    assert len(set(digests)) == 4


def test_a_count_is_another_measure_than_a_proportion_of_the_same_words() -> None:
    texts = ("id", "title", "description", "rule_set", "source", "initial_population")
    proportion = replace(MEASURE, **{name: getattr(a_count(), name) for name in texts}, numerator=registered())

    assert definition_digest(a_count()) not in (definition_digest(proportion), definition_digest(a_count(id="other")))
