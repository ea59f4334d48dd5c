"""What an Observation says against its own code, from its value or the want of one; and what a date of several is."""

from datetime import date
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.terminology.answers import load_answers
from tests.support.fhir_records import a_concept, an_observation
from tests.support.flattening import rows_of
from tests.support.landing import SOURCE, config_in, land

LOINC, SCT = "http://loinc.org", "http://snomed.info/sct"
REASON = a_concept("not-performed", "http://terminology.hl7.org/CodeSystem/data-absent-reason")
LOCAL = {"system": "urn:elm:answers", "code": "2"}


@pytest.fixture
def config(tmp_path: Any) -> Config:
    return config_in(tmp_path)


SAID: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing": ({}, None),
    "yes": ({"valueBoolean": True}, None),
    "no": ({"valueBoolean": False}, "denied"),
    "coded no": ({"valueCodeableConcept": a_concept("373067005")}, "denied"),
    "coded no of LOINC": ({"valueCodeableConcept": a_concept("LA32-8", LOINC)}, "denied"),
    "coded yes": ({"valueCodeableConcept": a_concept("373066001")}, None),
    "coded none": ({"valueCodeableConcept": a_concept("260413007")}, "none"),
    "coded unknown": ({"valueCodeableConcept": a_concept("261665006")}, "absent"),
    "N of a table of another meaning": ({"valueCodeableConcept": a_concept("N", "urn:elm:blood-group")}, None),
    "never smoked, called no": (
        {"valueCodeableConcept": {"coding": [{"system": SCT, "code": "266919005"}], "text": "No"}},
        None,
    ),
    "a local no": ({"valueCodeableConcept": {"coding": [LOCAL], "text": "No"}}, "denied"),
    "a local no by its display": ({"valueCodeableConcept": {"coding": [{**LOCAL, "display": "NO."}]}}, "denied"),
    "a local code alone": ({"valueCodeableConcept": {"coding": [LOCAL]}}, None),
    "a local no beside a standard one": (
        {"valueCodeableConcept": {"coding": [LOCAL, {"system": SCT, "code": "373067005"}]}},
        "denied",
    ),
    "text no": ({"valueCodeableConcept": {"text": " no "}}, "denied"),
    "an answer without anything": ({"valueCodeableConcept": {}}, "absent"),
    "a string no": ({"valueString": "No."}, "denied"),
    "a string none": ({"valueString": "none"}, "none"),
    "a string unknown": ({"valueString": "Not known"}, "absent"),
    "negative is a result": ({"valueString": "negative"}, None),
    "other words": ({"valueString": "no change since last year"}, None),
    "not performed": ({"dataAbsentReason": REASON}, "absent"),
    "a value beside a reason": ({"valueQuantity": {"value": 5}, "dataAbsentReason": REASON}, None),
    "a whole number beside a reason": ({"valueInteger": 0, "dataAbsentReason": REASON}, None),
    "a quantity without a value": ({"valueQuantity": {"unit": "mmHg"}}, "absent"),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The rows of every case: of a record that says it under `own`, and of one whose component does under `part`."""
    records = []
    for number, (said, _) in enumerate(SAID.values()):
        part = {"code": a_concept("38341003"), **said}
        records.append(an_observation(f"own-{number}", "38341003", **said))
        records.append(an_observation(f"part-{number}", "1", component=[part]))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(config_in(tmp_path_factory.mktemp("answers")), *records):
        found.setdefault(row["resource_id"], []).append(row)
    return found


@pytest.mark.parametrize("case", SAID)
def test_a_record_is_denied_or_absent_by_what_it_says(rows: dict[str, list[dict[str, Any]]], case: str) -> None:
    own = [row for row in rows[f"own-{list(SAID).index(case)}"] if row["component"] == ""]

    assert [row["negation"] for row in own] == [SAID[case][1]]


@pytest.mark.parametrize("case", SAID)
def test_a_component_is_denied_or_absent_by_what_it_says(rows: dict[str, list[dict[str, Any]]], case: str) -> None:
    found = rows[f"part-{list(SAID).index(case)}"]

    assert {row["component"]: row["negation"] for row in found if row["component"] in ("", "1")} == {
        "": None,
        "1": SAID[case][1],
    }


def test_a_panel_whose_components_have_values_is_not_absent(config: Config) -> None:
    whole = {"code": a_concept("271649006"), "valueQuantity": {"value": 130, "unit": "mmHg"}}
    lacking = {"code": a_concept("271650006"), "dataAbsentReason": REASON}

    some = rows_of(config, an_observation("o1", "75367002", dataAbsentReason=REASON, component=[whole, lacking]))
    none = rows_of(config, an_observation("o2", "75367002", dataAbsentReason=REASON, component=[lacking]), pull="2")

    assert [(row["component"], row["negation"]) for row in some] == [("", None), ("1", None), ("2", "absent")]
    assert [(row["component"], row["negation"]) for row in none] == [("", "absent"), ("1", "absent")]


@pytest.mark.parametrize(
    "said",
    [
        {"valueInteger": 3},
        {"valueCodeableConcept": a_concept("1")},
        {"valueString": "some"},
        {"valueBoolean": True},
        {"valueQuantity": {"value": 130}},
    ],
)
def test_a_panel_is_not_absent_whatever_it_is_that_its_component_says(config: Config, said: dict[str, Any]) -> None:
    part = {"code": a_concept("271649006"), **said}
    found = rows_of(config, an_observation("o1", "75367002", dataAbsentReason=REASON, component=[part]))

    assert {row["negation"] for row in found if row["component"] == ""} == {None}


def test_a_comparator_stands_beside_its_value(config: Config) -> None:
    part = {"code": a_concept("1"), "valueQuantity": {"value": 9, "comparator": "<="}}
    found = rows_of(
        config, an_observation("o1", "2", valueQuantity={"value": 140, "comparator": ">"}, component=[part])
    )

    assert [(row["value"], row["comparator"]) for row in found] == [(140, ">"), (9, "<=")]


def test_rows_that_speak_against_their_code_are_counted_by_kind(config: Config) -> None:
    denied = an_observation("o1", "1", valueBoolean=False)
    absent = an_observation("o2", "1", dataAbsentReason=REASON)
    pull = land(config, {"Observation/000": [denied, {**denied, "id": "o3"}, absent]})

    manifest = flatten(RunContext(config), SOURCE, pull)

    assert manifest.negated == {"observation": {"denied": 2, "absent": 1}}


@pytest.mark.parametrize(
    ("timing", "day"),
    [
        ({"event": ["2024-10-10T10:00:00Z"]}, date(2024, 10, 10)),
        ({"event": ["2024-11-02", "2024-10", "2024-12-01T00:00:00Z"]}, date(2024, 10, 1)),
        ({"repeat": {"boundsPeriod": {"start": "2024-05-03", "end": "2024-06-03"}}}, date(2024, 5, 3)),
        ({"event": ["2024-10-10"], "repeat": {"boundsPeriod": {"start": "2024-05-03"}}}, date(2024, 10, 10)),
        ({"repeat": {"boundsPeriod": {"end": "2024-06-03"}, "frequency": 2}}, None),
        ({"code": {"text": "twice a day"}}, None),
    ],
)
def test_a_timing_is_dated_by_its_first_event_else_by_its_bounds(
    config: Config, timing: dict[str, Any], day: date | None
) -> None:
    [row] = rows_of(config, an_observation("o1", "1", on=None, effectiveTiming=timing))

    assert (row["start_date"], row["dated_by"]) == (day, "effective" if day else None)


def test_of_events_on_one_london_day_that_without_a_time_is_the_first(config: Config) -> None:
    """Half past midnight in summer is the day before in UTC."""
    timing = {"event": ["2024-06-03T00:30:00+01:00", "2024-06-03", "2024-06-04"]}
    [row] = rows_of(config, an_observation("o1", "1", on=None, effectiveTiming=timing))

    assert (row["start_date"], row["at"]) == (date(2024, 6, 3), None)


def test_a_timing_without_a_day_leaves_it_to_the_issue(config: Config) -> None:
    record = an_observation(
        "o1", "1", on=None, effectiveTiming={"code": {"text": "daily"}}, issued="2024-05-03T00:00:00Z"
    )

    assert [(row["start_date"], row["dated_by"]) for row in rows_of(config, record)] == [(date(2024, 5, 3), "issued")]


def test_answers_of_an_overlay_take_the_place_of_those_shipped(tmp_path: Any) -> None:
    folder = tmp_path / "terminology" / "answers"
    folder.mkdir(parents=True)
    head = "\n".join(f"# {name}: x" for name in ("title", "version", "source", "licence", "reviewed_by"))
    days = "# retrieved: 2026-01-01\n# next_review: 2027-01-01\n# state: full\n# unverified: false"
    (folder / "ours.csv").write_text(f"{head}\n{days}\nsystem,code,says,note\nurn:elm:answers,2,denied,\n")

    answers = load_answers((tmp_path,))

    assert answers.of_code("urn:elm:answers", "2") == "denied"
    assert answers.of_code(SCT, "373067005") == "denied"
