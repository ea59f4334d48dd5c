"""What a clinical record becomes: rows of codes, units, values, days and statuses."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.tables.scope import Scope
from tests.support.landing import config_in
from tests.support.viewing import SCT, UCUM, UK_CORE, a_patient, a_record, concept, pick, rows


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


NAMES_OF_SNOMED = [
    SCT,
    "https://snomed.info/sct/",
    f"{SCT}/83821000000107/version/20230412",
    f"{SCT}|{SCT}/83821000000107",
    "urn:oid:2.16.840.1.113883.6.96",
    "SNOMED-CT",
]


@pytest.mark.parametrize("system", NAMES_OF_SNOMED)
@pytest.mark.parametrize("type_", ["Observation", "Condition", "Procedure"])
def test_a_code_counts_whatever_its_system_is_called(config: Config, system: str, type_: str) -> None:
    record = a_record(type_, status="final", code=concept("38341003", system=system))
    scope = Scope(types={type_: (f"{SCT}|38341003",)})

    found = rows(config, record, type_.lower(), scope=scope)

    assert pick(found, "system", "code") == [(SCT, "38341003")]


@pytest.mark.parametrize("system", ["http://snomed.info/xsct", "https://example.org/sct", None])
def test_the_same_code_of_another_system_is_out_of_scope(config: Config, system: str | None) -> None:
    coding = {"code": "38341003"} | ({"system": system} if system else {})
    record = a_record("Observation", status="final", code={"coding": [coding]})

    assert rows(config, record, "observation", scope=Scope(types={"Observation": (f"{SCT}|38341003",)})) == []


@pytest.mark.parametrize(
    ("type_", "element", "table"),
    [
        ("Observation", "code", "observation"),
        ("Immunization", "vaccineCode", "immunization"),
        ("MedicationRequest", "medicationCodeableConcept", "medication_request"),
    ],
)
@pytest.mark.parametrize(("codes", "kept"), [(("2", "1"), ["2", "1"]), (("2", "3"), []), ((), [])])
def test_one_code_that_was_asked_for_takes_its_record(
    config: Config, type_: str, element: str, table: str, codes: tuple[str, ...], kept: list[str]
) -> None:
    record = a_record(type_, status="completed", **{element: concept(*codes)})
    found = rows(config, record, table, scope=Scope(types={type_: (f"{SCT}|1",)}))
    assert sorted(row["code"] for row in found) == sorted(kept)


def test_a_system_that_nobody_knows_stays_as_it_was_called(config: Config) -> None:
    record = a_record("Observation", status="final", code=concept("x", system="https://example.org/local/|2"))

    assert pick(rows(config, record, "observation"), "system", "code") == [("https://example.org/local", "x")]


@pytest.mark.parametrize(
    ("system", "code"),
    [("https://fhir.hl7.org.uk", "A"), ("https://fhir.hl7.org.uk", " a "), ("http://fhir.hl7.org.uk", "A")],
)
def test_case_and_spaces_of_an_ethnic_category_are_spelling(config: Config, system: str, code: str) -> None:
    own = f"{system}/CodeSystem/UKCore-EthnicCategoryEngland"
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-EthnicCategory"
    record = a_patient(extension=[{"url": url, "valueCodeableConcept": {"coding": [{"system": own, "code": code}]}}])

    [row] = rows(config, record, "ethnic_category")

    assert (row["system"], row["code"]) == ("https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland", "A")


UNITS = [
    ({"unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}, "mm[Hg]"),
    ({"unit": "mmHg", "system": "https://unitsofmeasure.org/", "code": "mm[Hg]"}, "mm[Hg]"),
    ({"unit": "mmHg", "system": "urn:oid:2.16.840.1.113883.6.8", "code": "mm[Hg]"}, "mm[Hg]"),
    ({"unit": "mmHg", "system": UCUM}, "mmHg"),
    ({"unit": "mmHg", "system": "http://snomed.info/sct", "code": "259018001"}, "mmHg"),
    ({"unit": "mmHg", "code": "259018001"}, "mmHg"),
    ({"system": "http://snomed.info/sct", "code": "259018001"}, "http://snomed.info/sct|259018001"),
    ({"code": "mm[Hg]"}, "mm[Hg]"),
    ({"unit": "", "code": "mm[Hg]"}, "mm[Hg]"),
    ({"unit": "mmHg"}, "mmHg"),
    ({"unit": ""}, None),
    ({"unit": "  ", "system": "http://snomed.info/sct", "code": "259018001"}, "http://snomed.info/sct|259018001"),
    ({"unit": "mmHg ", "system": UCUM, "code": " "}, "mmHg"),
    ({}, None),
]


@pytest.mark.parametrize(("quantity", "unit"), UNITS)
def test_a_unit_is_the_code_of_ucum_else_the_words_else_a_code(config: Config, quantity: dict, unit: str) -> None:
    code, value = concept("271649006"), {"value": 142, **quantity}
    record = a_record(
        "Observation",
        status="final",
        code=code,
        valueQuantity=value,
        component=[{"code": code, "valueQuantity": value}],
    )

    assert pick(rows(config, record, "observation"), "component", "unit") == [("", unit), ("1", unit)]


def test_observation_gives_a_row_a_coding_of_itself_its_value_and_its_components(config: Config) -> None:
    pressure = {"value": 142, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    found = rows(
        config,
        a_record(
            "Observation",
            status="final",
            effectiveDateTime="2024-05-03T10:15:00+01:00",
            code=concept("75367002", "413606001"),
            valueCodeableConcept=concept("373066001"),
            component=[
                {"code": concept("271649006"), "valueQuantity": pressure},
                {"code": {"text": "words"}, "valueCodeableConcept": concept("1")},
                {"code": concept("271650006"), "valueQuantity": {"value": 90.5, "unit": "mmHg"}},
            ],
        ),
        "observation",
    )
    assert pick(found, "component", "code", "value", "unit") == [
        ("", "413606001", None, None),
        ("", "75367002", None, None),
        ("1", "271649006", 142.0, "mm[Hg]"),
        ("2", None, None, None),
        ("2.value", "1", None, None),
        ("3", "271650006", 90.5, "mmHg"),
        ("value", "373066001", None, None),
    ]
    assert {row["at"] for row in found} == {datetime(2024, 5, 3, 9, 15, tzinfo=UTC)}
    assert {(row["start_date"], row["end_date"]) for row in found} == {(date(2024, 5, 3), date(2024, 5, 3))}


@pytest.mark.parametrize(
    ("fields", "day", "last", "by"),
    [
        ({"effectiveDateTime": "2024"}, date(2024, 1, 1), date(2024, 12, 31), "effective"),
        ({"effectivePeriod": {"start": "2024-05", "end": "2024-06"}}, date(2024, 5, 1), date(2024, 5, 31), "effective"),
        ({"effectiveInstant": "2024-06-30T23:30:00Z"}, date(2024, 7, 1), date(2024, 7, 1), "effective"),
        ({"issued": "2024-06-30T23:30:00Z"}, date(2024, 7, 1), date(2024, 7, 1), "issued"),
        ({"effectivePeriod": {"end": "2024"}}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_observation_is_dated_by_its_effective_day_else_its_issue(
    config: Config, fields: dict[str, Any], day: date | None, last: date | None, by: str | None
) -> None:
    found = rows(config, a_record("Observation", status="final", code=concept("1"), **fields), "observation")
    assert pick(found, "start_date", "end_date", "dated_by") == [(day, last, by)]


def test_observation_of_text_alone_is_one_uncoded_row(config: Config) -> None:
    found = rows(config, a_record("Observation", status="final", code={"text": "words"}, valueInteger=3), "observation")
    assert pick(found, "component", "code", "value") == [("", None, 3.0)]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"clinicalStatus": concept("active")}, "active"),
        ({"clinicalStatus": concept("active"), "verificationStatus": concept("refuted")}, "refuted"),
        ({}, None),
    ],
)
def test_condition_status_is_refuted_before_it_is_clinical(config: Config, fields: dict[str, Any], status: str) -> None:
    record = a_record("Condition", code=concept("38341003"), recordedDate="2020-02-03", **fields)
    found = rows(config, record, "condition")
    assert pick(found, "status", "start_date", "dated_by") == [(status, date(2020, 2, 3), "issued")]


def test_condition_entered_in_error_leaves(config: Config) -> None:
    assert rows(config, a_record("Condition", verificationStatus=concept("entered-in-error")), "condition") == []


def test_encounter_has_a_row_for_its_reason_even_without_one(config: Config) -> None:
    record = a_record(
        "Encounter",
        status="finished",
        type=[concept("1")],
        reasonCode=[{"text": "cough"}],
        period={"start": "2024-05-03"},
    )
    assert pick(rows(config, record, "encounter"), "component", "code") == [("", None), ("type", "1")]


def test_encounter_with_coded_reasons_has_no_uncoded_row(config: Config) -> None:
    record = a_record("Encounter", status="finished", reasonCode=[{"text": "cough"}, concept("2"), concept("3")])
    assert pick(rows(config, record, "encounter"), "component", "code") == [("", "2"), ("", "3")]


@pytest.mark.parametrize(
    ("record", "table"),
    [
        (
            a_record("Procedure", status="completed", code=concept("1"), performedPeriod={"start": "2024-05-03"}),
            "procedure",
        ),
        (
            a_record("Immunization", status="completed", vaccineCode=concept("1"), occurrenceDateTime="2024-05-03"),
            "immunization",
        ),
        (
            a_record(
                "MedicationRequest", status="completed", medicationCodeableConcept=concept("1"), authoredOn="2024-05-03"
            ),
            "medication_request",
        ),
    ],
)
def test_other_clinical_types_carry_code_date_and_status(config: Config, record: dict[str, Any], table: str) -> None:
    found = rows(config, record, table)
    assert pick(found, "code", "start_date", "status", "dated_by") == [
        ("1", date(2024, 5, 3), "completed", "effective")
    ]
    assert found[0]["source_id"] == "elm"
