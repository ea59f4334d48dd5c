"""What words that no measure of ours joins in this way come to for one person each."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import EVER, Person, aged, blood_pressure, observed, registered, registry, sex, value_set
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import ValueSetName
from hi_fhir.measures.worked import IMD_YEAR, outcomes
from hi_fhir.terminology.catalogue import load
from tests.support.evaluations import a_count

SMOKING = value_set("smoking-status")
LAST_DAY = EXAMPLE_PERIOD.end


def places(folder: Path, word: Word, *people: Person, exception: Word | None = None) -> list[str]:
    """Where people are in a measure of which `word` is the numerator."""
    (plain,) = registry.load(["ethnicity-usable"])
    measure = replace(plain, initial_population=registered(), numerator=word, denominator_exception=exception)
    engine = connect(folder / "spill")
    found = outcomes(engine, folder, [measure], people, EvaluationContext(EXAMPLE_PERIOD, LAST_DAY, IMD_YEAR), load())
    engine.close()
    return found[measure.id]


@pytest.mark.parametrize(
    ("age", "place"), [(17, "denominator"), (18, "numerator"), (79, "numerator"), (80, "denominator")]
)
def test_both_ages_hold_of_who_is_aged_between_two(tmp_path: Path, age: int, place: str) -> None:
    born = date(LAST_DAY.year - age, LAST_DAY.month, LAST_DAY.day)
    assert places(tmp_path, aged(18, 79), Person(born=born)) == [place]


def test_the_opposite_of_a_word_is_true_where_it_is_false_and_open_where_it_is(tmp_path: Path) -> None:
    smoker, other = Person().observed(SMOKING, on=date(2025, 1, 1)), Person()
    assert places(tmp_path, ~observed(SMOKING, EVER), smoker, other) == ["denominator", "numerator"]
    assert places(tmp_path, ~aged(at_least=18), Person(born=None), Person()) == ["undetermined", "denominator"]


FIRST_DAY, DAY_BEFORE = date(2024, 4, 1), date(2024, 3, 31)


@pytest.mark.parametrize(
    "codes",
    [
        blood_pressure.MAXIMAL_THERAPY,
        blood_pressure.UNSUITABLE,
        blood_pressure.PRESSURE_DECLINED,
        blood_pressure.HYPERTENSION_DECLINED,
    ],
    ids=lambda one: one.id,
)
def test_care_is_adjusted_by_what_was_noted_in_the_twelve_months(tmp_path: Path, codes: ValueSetName) -> None:
    adjusted = blood_pressure.care_adjustments()
    people = [Person(registered_on=None).observed(codes, on) for on in (FIRST_DAY, DAY_BEFORE)]

    assert places(tmp_path, adjusted, *people) == ["numerator", "denominator"]


def test_invitations_count_from_the_first_day_of_the_twelve_months(tmp_path: Path) -> None:
    people = [
        Person(registered_on=None)
        .done(blood_pressure.INVITATION, first)
        .done(blood_pressure.INVITATION, date(2024, 5, 1))
        for first in (FIRST_DAY, DAY_BEFORE)
    ]

    assert places(tmp_path, blood_pressure.care_adjustments(), *people) == ["numerator", "denominator"]


def test_who_is_in_the_numerator_is_in_no_exception(tmp_path: Path) -> None:
    smoker = Person().observed(SMOKING, on=date(2025, 1, 1))
    assert places(tmp_path, observed(SMOKING, EVER), smoker, Person(), exception=registered()) == [
        "numerator",
        "exception",
    ]

    facts = pq.ParquetFile(tmp_path / "fact" / "0.parquet").read().to_pylist()
    assert [row["ethnicity-usable/numerator"] for row in facts] == [True, False]
    assert [row["ethnicity-usable/denominator_exception"] for row in facts] == [False, True]


def test_a_narrower_denominator_and_who_is_taken_out_of_the_numerator(tmp_path: Path) -> None:
    (plain,) = registry.load(["ethnicity-usable"])
    measure = replace(
        plain,
        initial_population=aged(at_least=16),
        denominator=sex("female"),
        numerator=observed(SMOKING, EVER),
        numerator_exclusion=aged(at_most=17),
    )
    smoked = date(2025, 1, 1)
    people = [
        Person(born=date(2015, 1, 1)),
        Person(sex="male"),
        Person(),
        Person().observed(SMOKING, smoked),
        Person(born=date(2008, 1, 1)).observed(SMOKING, smoked),
        Person(born=date(2008, 1, 1)),
        Person(sex="unknown"),
    ]
    engine = connect(tmp_path / "spill")
    found = outcomes(engine, tmp_path, [measure], people, EvaluationContext(EXAMPLE_PERIOD, LAST_DAY, IMD_YEAR), load())
    engine.close()

    assert found[measure.id] == [
        "outside",
        "initial-population",
        "denominator",
        "numerator",
        "numerator-exclusion",
        "denominator",
        "undetermined",
    ]


def test_a_count_says_who_is_in_it_and_nothing_more(tmp_path: Path) -> None:
    measure = a_count(initial_population=aged(at_least=16) & observed(SMOKING, EVER))
    people = [Person().observed(SMOKING, date(2025, 1, 1)), Person(), Person(born=None), Person(practice=None)]
    people[2] = people[2].observed(SMOKING, date(2025, 1, 1))
    engine = connect(tmp_path / "spill")
    found = outcomes(engine, tmp_path, [measure], people, EvaluationContext(EXAMPLE_PERIOD, LAST_DAY, IMD_YEAR), load())
    engine.close()

    assert found[measure.id] == ["initial-population", "outside", "undetermined", "outside"]
    assert set(pq.ParquetFile(tmp_path / "fact" / "0.parquet").schema_arrow.names) >= {
        "register/initial_population",
        "register/undetermined",
    }
