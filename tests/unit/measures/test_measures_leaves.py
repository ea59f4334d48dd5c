"""Leaf rows: which record decides among several, what an undated one counts for, and whose codes are read."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hi_fhir.measures import (
    EVER,
    IN_PERIOD,
    Person,
    Quantity,
    blood_pressure,
    clinical_event,
    encounter,
    latest_reading,
    months,
    observed,
    occasions,
    value_set,
)
from hi_fhir.measures.evaluation_context import Codes
from hi_fhir.measures.examples import Event
from hi_fhir.measures.words.events import CLINICAL_EVENT, RecordedDays
from hi_fhir.measures.words.tree import leaves
from hi_fhir.measures.worked import EXAMPLE_SYSTEM, example_codes
from hi_fhir.terminology.codings import Coding
from tests.support.leafing import TERMINOLOGY, leaf_row, rows_of

REVIEW = value_set("review")
MAY, JUNE, JULY = date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1)
MORNING, EVENING = datetime(2024, 6, 1, 8, tzinfo=UTC), datetime(2024, 6, 1, 18, tzinfo=UTC)
CLINIC = blood_pressure.clinic(months(12))


def the_reading(folder: Path, person: Person) -> tuple[date, float, float] | None:
    """Day, systolic and diastolic of the reading that the engine takes at the clinic."""
    rows = rows_of(folder, leaves([CLINIC]), [person])
    if not rows:
        return None
    systolic, diastolic = rows
    assert systolic["last_date"] == diastolic["last_date"]
    assert all(row["low"] == row["high"] for row in rows)
    return systolic["last_date"], systolic["low"], diastolic["low"]


def test_a_row_tells_how_many_records_and_the_first_and_last_dated_one(tmp_path: Path) -> None:
    person = Person().observed(REVIEW, JUNE).observed(REVIEW, None).done(REVIEW, MAY).diagnosed(REVIEW, JULY)

    row = leaf_row(tmp_path, clinical_event(REVIEW, EVER), person)

    assert (row["n"], row["first_date"], row["last_date"], row["low"]) == (4, MAY, JULY, None)


def test_a_record_with_two_codes_of_a_value_set_is_one_record(tmp_path: Path) -> None:
    person = Person().diagnosed(REVIEW, JUNE, id_="one").diagnosed(value_set("local-review"), JUNE, id_="one")
    own = example_codes(leaves([clinical_event(REVIEW, EVER)]), TERMINOLOGY)
    tokens = frozenset({Coding(EXAMPLE_SYSTEM, "review"), Coding(EXAMPLE_SYSTEM, "local-review")})

    row = leaf_row(tmp_path, clinical_event(REVIEW, EVER), person, replace(own, value_sets={"review": tokens}))

    assert row["n"] == 1


def test_an_undated_record_counts_for_ever_and_for_no_window(tmp_path: Path) -> None:
    person = Person().observed(REVIEW, None)

    assert leaf_row(tmp_path, observed(REVIEW, EVER), person)["last_date"] is None
    for window in (IN_PERIOD, months(12)):
        assert leaf_row(tmp_path, observed(REVIEW, window), person) is None


def test_an_answer_is_no_record_of_what_it_names(tmp_path: Path) -> None:
    answered = Person(
        events=tuple(Event("Observation", "review", JUNE, "final", component=place) for place in ("value", "1.value"))
    )

    assert leaf_row(tmp_path, observed(REVIEW, EVER), answered) is None


def test_a_component_of_its_own_code_is_a_record(tmp_path: Path) -> None:
    person = Person(events=(Event("Observation", "review", JUNE, "final", component="1"),))

    assert leaf_row(tmp_path, observed(REVIEW, EVER), person)["n"] == 1


def test_what_was_measured_is_looked_for_in_observations_alone(tmp_path: Path) -> None:
    person = Person().done(REVIEW, JUNE).diagnosed(REVIEW, JUNE)

    assert leaf_row(tmp_path, observed(REVIEW, EVER), person) is None
    assert leaf_row(tmp_path, clinical_event(REVIEW, EVER), person)["n"] == 2


STATUSES = {
    ("Observation", "final"): True,
    ("Observation", "unknown"): True,
    ("Observation", "preliminary"): False,
    ("Observation", "registered"): False,
    ("Observation", "cancelled"): False,
    ("Procedure", "completed"): True,
    ("Procedure", "in-progress"): False,
    ("Condition", "active"): True,
    ("Condition", "inactive"): True,
    ("Condition", "remission"): True,
    ("Condition", "resolved"): False,
    ("Condition", "refuted"): False,
}


def test_statuses_that_count(tmp_path: Path) -> None:
    people = [Person(events=(Event(type_, "review", JUNE, status),)) for type_, status in STATUSES]

    found = {row["person_id"] for row in rows_of(tmp_path, leaves([clinical_event(REVIEW, EVER)]), people)}

    assert {one: number in found for number, one in enumerate(STATUSES)} == STATUSES


def test_an_old_code_that_a_map_takes_to_the_value_set_is_read_and_another_systems_is_not(tmp_path: Path) -> None:
    codes = Codes(
        {"review": frozenset({Coding("http://snomed.info/sct", "1"), Coding(EXAMPLE_SYSTEM, "old")})},
        {},
        TERMINOLOGY.units(),
    )
    old = Person(events=(Event("Observation", "old", JUNE, "final"),))
    other_system = Person(events=(Event("Observation", "1", JUNE, "final"),))

    assert leaf_row(tmp_path, observed(REVIEW, EVER), old, codes)["n"] == 1
    assert leaf_row(tmp_path, observed(REVIEW, EVER), other_system, codes) is None


def test_leaves_of_several_people_stand_in_order_of_person_and_leaf(tmp_path: Path) -> None:
    found = leaves([clinical_event(REVIEW, IN_PERIOD), observed(REVIEW, EVER), encounter()])
    people = [Person().observed(REVIEW, JUNE), Person(), Person().encounter(JUNE, reason=True).observed(REVIEW, JULY)]

    rows = rows_of(tmp_path, found, people)

    assert [(row["person_id"], row["leaf_id"]) for row in rows] == [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)]


def test_one_leaf_serves_every_word_that_reads_the_same(tmp_path: Path) -> None:
    review = clinical_event(REVIEW, EVER)

    assert leaves([review & review.twice(days_apart=7), review.first.within(months(9))]) == (review,)
    assert review.types == CLINICAL_EVENT


def test_of_readings_on_several_days_the_latest_complete_one_decides(tmp_path: Path) -> None:
    person = Person().blood_pressure(150, 95, MAY).blood_pressure(130, 85, JUNE)
    lone = person.measured(value_set("systolic-blood-pressure"), 120, JULY, unit="mm[Hg]")

    assert the_reading(tmp_path, lone) == (JUNE, 130, 85)


def test_of_one_day_the_latest_instant_decides_and_an_untimed_value_is_earlier_than_a_timed_one(tmp_path: Path) -> None:
    timed = Person().blood_pressure(150, 95, JUNE, at=EVENING).blood_pressure(130, 85, JUNE, at=MORNING)
    untimed = Person().blood_pressure(120, 70, JUNE).blood_pressure(130, 85, JUNE, at=MORNING)

    assert the_reading(tmp_path, timed) == (JUNE, 150, 95)
    assert the_reading(tmp_path, untimed) == (JUNE, 130, 85)


def test_among_equals_the_lowest_of_each_decides(tmp_path: Path) -> None:
    person = Person().blood_pressure(150, 80, JUNE, at=MORNING).blood_pressure(138, 95, JUNE, at=MORNING)

    assert the_reading(tmp_path, person) == (JUNE, 138, 80)


def test_each_quantity_has_its_own_latest_instant(tmp_path: Path) -> None:
    person = (
        Person()
        .blood_pressure(150, 95, JUNE, at=MORNING)
        .measured(value_set("diastolic-blood-pressure"), 88, JUNE, unit="mmHg", at=EVENING)
    )

    assert the_reading(tmp_path, person) == (JUNE, 150, 88)


def test_a_value_of_a_unit_that_needs_its_analyte_is_that_of_the_lists_analyte(tmp_path: Path) -> None:
    """The list's head names the analyte: cholesterol of 77.33 mg/dL is 2.0 mmol/L, HbA1c of 6.5 % is 47.5 mmol/mol."""
    cholesterol, hba1c = value_set("cholesterol"), value_set("hba1c")
    found = leaves(
        [
            latest_reading(Quantity(cholesterol, "mmol/L", (0.1, 20.0)), within=months(12)),
            latest_reading(Quantity(hba1c, "mmol/mol", (10.0, 200.0)), within=months(12)),
        ]
    )
    codes = replace(example_codes(found, TERMINOLOGY), analytes={"cholesterol": "cholesterol", "hba1c": "hba1c"})
    person = Person().measured(cholesterol, 77.33, JUNE, unit="mg/dL").measured(hba1c, 6.5, JUNE, unit="%")

    lipid, sugar = rows_of(tmp_path, found, [person], codes)

    assert (lipid["low"], sugar["high"]) == (pytest.approx(2.0, abs=1e-4), pytest.approx(47.53, abs=0.01))


READINGS = {
    (40, 20, "mm[Hg]"): True,
    (350, 200, "mmHg"): True,
    (140, 90, None): True,
    (39.9, 80, "mm[Hg]"): False,
    (351, 80, "mm[Hg]"): False,
    (140, 19, "mm[Hg]"): False,
    (140, 201, "mm[Hg]"): False,
    (18, 12, "kPa"): True,  # 135/90
    (5, 12, "kPa"): False,  # 38/90
    (140, 90, "kPa"): False,
    (140, 90, "MMHG"): True,
    (140, 90, "kg"): False,
    (140, 90, "http://snomed.info/sct|259018001"): False,
}
"""Systolic, diastolic, unit."""


def test_what_is_not_plausible_or_of_another_unit_is_no_reading(tmp_path: Path) -> None:
    people = [Person().blood_pressure(sbp, dbp, JUNE, unit=unit) for sbp, dbp, unit in READINGS]

    found = {row["person_id"] for row in rows_of(tmp_path, leaves([CLINIC]), people)}

    assert {one: number in found for number, one in enumerate(READINGS)} == READINGS


@pytest.mark.parametrize(
    ("sign", "low", "high"),
    [
        (None, 150, 150),
        (">", 150.000001, 350),
        (">=", 150, 350),
        ("<", 40, 149.999999),
        ("<=", 40, 150),
        ("ad", 40, 350),
    ],
)
def test_a_bound_leaves_its_other_end_to_what_is_plausible(
    tmp_path: Path, sign: str | None, low: float, high: float
) -> None:
    row = leaf_row(tmp_path, CLINIC, Person().blood_pressure(150, 80, JUNE, bounds=(sign, None)))

    assert row is not None
    assert (row["low"], row["high"]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_a_latest_encounter_whose_reason_is_a_record_that_is_not_there_is_open_whatever_was_before(
    tmp_path: Path,
) -> None:
    person = Person().encounter(MAY, reason=True)
    referring = Event("Encounter", None, JUNE, "finished", component="reference", refers_to="gone")

    row = leaf_row(tmp_path, encounter(), replace(person, events=(*person.events, referring)))

    assert row is not None
    assert (row["last_date"], row["low"], row["high"]) == (JUNE, 0, 1)


def test_the_latest_encounter_decides_by_day_then_instant_and_among_equals_a_reason_suffices(tmp_path: Path) -> None:
    def coded(*encounters: tuple[date, bool, datetime | None]) -> object:
        person = Person()
        for on, reason, at in encounters:
            person = person.encounter(on, reason=reason, at=at)
        return leaf_row(tmp_path, encounter(), person)["low"]

    assert coded((MAY, True, None), (JUNE, False, None)) == 0
    assert coded((JUNE, True, MORNING), (JUNE, False, EVENING)) == 0
    assert coded((JUNE, False, None), (JUNE, True, MORNING)) == 1
    assert coded((JUNE, False, EVENING), (JUNE, True, EVENING)) == 1


def test_a_type_of_encounter_is_not_its_reason(tmp_path: Path) -> None:
    typed = Event("Encounter", "surgery", JUNE, "finished", component="type")
    person = Person(events=(typed, Event("Encounter", None, JUNE, "finished")))

    row = leaf_row(tmp_path, encounter(), person)

    assert (row["n"], row["low"], row["high"]) == (2, 0, 0)


def test_without_leaves_there_are_no_rows(tmp_path: Path) -> None:
    assert rows_of(tmp_path, (), [Person().observed(REVIEW, JUNE)]) == []


def test_what_a_leaf_of_its_own_reads_is_read_by_no_other() -> None:
    review, seen = clinical_event(REVIEW, IN_PERIOD), encounter()
    near = review.around(observed(REVIEW, EVER), within=months(1))

    assert leaves([occasions(seen, at_most=3), review.at_least_times(2), near]) == (
        RecordedDays(seen),
        RecordedDays(review),
        near,
    )
    assert review in leaves([review.at_least_times(2) | review])
