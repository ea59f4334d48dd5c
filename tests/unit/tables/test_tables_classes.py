"""The class of an encounter: read where it is as FHIR R4 has it, and costing no record anything where it is not."""

from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from tests.support.landing import SOURCE, config_in, land
from tests.support.viewing import a_record, concept, pick, rows

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
VERSION_2 = "http://terminology.hl7.org/CodeSystem/v2-0004"
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
OTHER = {"url": "https://example.org/said-by", "valueString": "somebody"}
NOT_THERE = object()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def classes_of(config: Config, stated: Any) -> list[tuple[Any, ...]]:
    fields = {} if stated is NOT_THERE else {"class": stated}
    record = a_record("Encounter", status="finished", period={"start": "2024-05-03"}, **fields)
    found = pick(rows(config, record, "encounter"), "component", "system", "code", "status")
    assert [row for row in found if row[0] == ""] == [("", None, None, "finished")]
    return [row[1:3] for row in found if row[0] == "class"]


@pytest.mark.parametrize(
    "system",
    [
        ACT_CODE,
        f"{ACT_CODE}/",
        f"{ACT_CODE}|2018-08-12",
        "https://terminology.hl7.org/CodeSystem/v3-ActCode",
        "http://hl7.org/fhir/v3/ActCode",
        "urn:oid:2.16.840.1.113883.5.4",
    ],
)
def test_a_class_is_a_row_whatever_its_system_is_called(config: Config, system: str) -> None:
    assert classes_of(config, {"system": system, "code": "AMB", "display": "seen"}) == [(ACT_CODE, "AMB")]


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ({"system": VERSION_2, "code": "O"}, (VERSION_2, "O")),
        ({"code": "AMB"}, (None, "AMB")),
        ({"system": ACT_CODE, "code": "AMB", "extension": [OTHER]}, (ACT_CODE, "AMB")),
    ],
)
def test_a_class_of_another_system_or_of_none_keeps_what_it_says(
    config: Config, stated: Any, kept: tuple[str | None, str]
) -> None:
    assert classes_of(config, stated) == [kept]


@pytest.mark.parametrize("stated", [NOT_THERE, None, {"extension": [ABSENT]}, {"extension": [OTHER, ABSENT]}])
def test_no_class_is_no_row(config: Config, stated: Any) -> None:
    assert classes_of(config, stated) == []


@pytest.mark.parametrize(
    "stated",
    [
        "AMB",
        "",
        [],
        [concept("AMB", system=ACT_CODE)],
        [{"system": ACT_CODE, "code": "AMB"}],
        concept("AMB", system=ACT_CODE),
        {},
        {"display": "seen"},
        {"system": ACT_CODE, "code": ""},
        {"system": ACT_CODE, "code": None},
        {"system": ACT_CODE, "code": 1},
        {"system": ACT_CODE, "code": ["AMB"]},
        {"system": {"value": ACT_CODE}, "code": "AMB"},
        {"system": ACT_CODE, "code": "AMB", "extension": "none"},
        7,
        1e300,
        True,
        {"coding": {"coding": {"coding": []}}},
    ],
    ids=str,
)
def test_a_class_that_cannot_be_read_is_a_row_without_a_code(config: Config, stated: Any) -> None:
    assert classes_of(config, stated) == [(None, None)]


def test_a_class_is_dated_and_counted_with_its_encounter(config: Config) -> None:
    stated = {"system": ACT_CODE, "code": "VR"}
    record = a_record("Encounter", status="planned", type=[concept("1")], period={"start": "2024"}, **{"class": stated})
    found = rows(config, record, "encounter")
    assert {(row["status"], str(row["start_date"]), str(row["end_date"])) for row in found} == {
        ("planned", "2024-01-01", "2024-12-31")
    }
    assert pick(found, "component", "code") == [("", None), ("class", "VR"), ("type", "1")]


def test_encounters_are_counted_by_what_their_class_is(config: Config) -> None:
    stated = [
        {"class": {"system": ACT_CODE, "code": "AMB"}},
        {"class": {"system": "http://hl7.org/fhir/v3/ActCode", "code": "not-in-the-list"}},
        {"class": {"system": VERSION_2, "code": "O"}},
        {"class": {"code": "AMB"}},
        {"class": "AMB"},
        {"class": None},
        {},
        {"status": "entered-in-error", "class": "AMB"},
    ]
    records = [
        a_record("Encounter", **{"status": "finished", **fields}) | {"id": f"e{number}"}
        for number, fields in enumerate(stated)
    ]
    typed = [{**record, "type": [concept("1", system=ACT_CODE)]} for record in records]

    manifest = flatten(RunContext(config), SOURCE, land(config, {"Encounter/000": typed}))

    assert manifest.classes == {"coded": 2, "other-system": 2, "not-understood": 1, "absent": 2}


def test_without_encounters_no_classes_are_counted(config: Config) -> None:
    record = a_record("Condition", code=concept("38341003"))
    assert flatten(RunContext(config), SOURCE, land(config, {"Condition/000": [record]})).classes == {}
