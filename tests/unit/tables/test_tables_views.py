"""What each resource type becomes: its rows, column by column where it matters."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.identity import NAMED, load_key
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.views.nhs_number import is_valid, usable_number
from tests.support.fhir_records import an_observation
from tests.support.landing import SOURCE, config_in, land

SCT = "http://snomed.info/sct"
UK_CORE = "https://fhir.hl7.org.uk"
NHS = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
REGISTRATION_TYPE = "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-RegistrationType-1"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def rows(config: Config, resource: dict[str, Any], table: str, **landing: Any) -> list[dict[str, Any]]:
    pull = land(config, {f"{resource['resourceType']}/000": [resource]}, **landing)
    manifest = flatten(RunContext(config), SOURCE, pull)
    assert not manifest.quarantine
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / table
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def concept(*codes: str, system: str = SCT) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def pick(found: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found]


def a_record(type_: str, **fields: Any) -> dict[str, Any]:
    subject = "patient" if type_ in ("Immunization", "EpisodeOfCare") else "subject"
    return {"resourceType": type_, "id": "r1", subject: {"reference": "Patient/p1"}, **fields}


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
def test_the_same_code_of_another_system_is_not_asked_for(config: Config, system: str | None) -> None:
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


UCUM = "http://unitsofmeasure.org"
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


def a_patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", **fields}


def nhs_number(value: str, status: str | None = None, **fields: Any) -> dict[str, Any]:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    stated = [{"url": url, "valueCodeableConcept": concept(status, system="any")}] if status else []
    return {"system": NHS, "value": value, "extension": stated, **fields}


@pytest.mark.parametrize(
    ("identifiers", "standing"),
    [
        ([nhs_number("9990000018", "01")], "verified"),
        ([nhs_number("999 000 0018", "number-present-and-verified")], "verified"),
        ([nhs_number("9990000018", "02")], "present"),
        ([nhs_number("9990000018")], "present"),
        (
            [nhs_number("9990000018", extension=[{"url": "urn:local:x", "valueCodeableConcept": concept("01")}])],
            "present",
        ),
        ([nhs_number("9990000017", "01")], "invalid"),
        ([nhs_number("9999999999", "01")], "placeholder"),
        ([nhs_number("000 000 0000"), nhs_number("9990000017")], "placeholder"),
        ([nhs_number("9999999999", "01"), nhs_number("9990000018")], "present"),
        ([nhs_number("9990000017", "01"), nhs_number("9990000018")], "present"),
        ([nhs_number("9990000018", "01", use="old")], "absent"),
        ([{"system": "urn:local", "value": "9990000018"}], "absent"),
        ([{"value": "9990000018"}], "absent"),
        ([{"system": NHS}], "absent"),
        ([], "absent"),
    ],
)
def test_nhs_number_is_checked_and_never_kept(config: Config, identifiers: list[dict[str, Any]], standing: str) -> None:
    [row] = rows(config, a_patient(identifier=identifiers), "patient")
    assert row["nhs_number"] == standing
    valid = standing in ("verified", "present")
    assert row["nhs_key"] == (load_key(config.key_file).nhs_key("9990000018") if valid else None)


@pytest.mark.parametrize(
    ("identifiers", "number"),
    [
        ([nhs_number("9990000018"), nhs_number("9990000026", "01")], "9990000026"),
        ([nhs_number("9990000026"), nhs_number("9990000018")], "9990000018"),
        ([nhs_number("9990000026", "01"), nhs_number("9990000018", "01")], "9990000018"),
    ],
)
def test_of_several_nhs_numbers_a_verified_one_decides_then_the_least(
    config: Config, identifiers: list[dict[str, Any]], number: str
) -> None:
    [row] = rows(config, a_patient(identifier=identifiers), "patient")
    assert row["nhs_key"] == load_key(config.key_file).nhs_key(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("9990000018", True),
        ("9990000019", False),
        ("999000001", False),
        ("99900000181", False),
        ("999000001x", False),
        ("999000001d", False),  # whose character would be a right check digit
        ("٩٩٩٠٠٠٠٠١٨", False),
    ],
)
def test_nhs_number_has_ten_digits_and_a_check_digit(number: str, valid: bool) -> None:
    assert is_valid(number) is valid


@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit_ten_times_has_a_right_check_digit_and_is_nobodys(digit: str) -> None:
    assert is_valid(digit * 10)
    assert usable_number(digit * 10) is None


def test_check_digits_are_those_of_the_published_method() -> None:
    for stem in range(0, 1_000_000_000, 7_777_777):
        digits = f"{stem:09}"
        check = 11 - sum(int(one) * weight for one, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        right = None if check == 10 else check % 11
        assert [is_valid(f"{digits}{last}") for last in range(10)] == [last == right for last in range(10)]


def test_links_between_patients_are_kept_and_those_that_name_somebody_else_are_not(config: Config) -> None:
    links = [
        {"type": "replaced-by", "other": {"reference": "Patient/p2"}},
        {"type": "replaces", "other": {"reference": "http://example.invalid/fhir/Patient/p3"}},
        {"type": "replaces", "other": {"reference": "https://other.example/fhir/Patient/p3"}},
        {"type": "replaced-by", "other": {"identifier": {"system": "urn:local", "value": "7"}}},
        {"type": "replaced-by"},
        {"type": "refer", "other": {"reference": "Patient/p4"}},
        {"type": "seealso", "other": {"reference": "Patient/p5"}},
    ]
    key = load_key(config.key_file)
    found = rows(config, a_patient(link=links), "patient_link")
    assert sorted(pick(found, "kind", "other_id"), key=str) == sorted(
        [
            ("replaced-by", key.patient_id("elm", "p2")),
            ("replaces", key.patient_id("elm", "p3")),
            ("replaces", None),
            ("replaced-by", key.named_id("elm", "urn:local", "7")),
            ("replaced-by", None),
        ],
        key=str,
    )


def test_identifiers_that_may_name_a_patient_are_kept_as_hashes(config: Config) -> None:
    identifiers = [
        nhs_number("9990000018", "01"),
        nhs_number("9990000026", use="old"),
        nhs_number("9999999999"),
        {"system": "urn:local", "value": " 7 "},
        {"value": "8"},
        {"system": "urn:local"},
    ]
    key = load_key(config.key_file)
    found = rows(config, a_patient(identifier=identifiers), "patient_identifier")
    assert {row["named_id"] for row in found} == {
        key.nhs_key("9990000026") + NAMED,
        key.named_id("elm", "urn:local", "7"),
    }


LOCAL = {"system": "urn:local", "value": "7"}
NUMBER = {"system": NHS, "value": "999 000 0018"}


def within(*identifiers: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"resourceType": "Patient", "id": "s", "identifier": list(identifiers)}]


@pytest.mark.parametrize(
    ("subject", "contained", "system", "value"),
    [
        ({"identifier": NUMBER}, [], NHS, "9990000018"),
        ({"identifier": NUMBER, "type": "Patient"}, [], NHS, "9990000018"),
        ({"identifier": LOCAL}, [], "urn:local", "7"),
        ({"reference": "#s"}, within(LOCAL, NUMBER), NHS, "9990000018"),
        ({"reference": "#s"}, within({"value": "8"}, LOCAL), "urn:local", "7"),
        ({"reference": "https://other.example/fhir/Patient/1", "identifier": NUMBER}, [], NHS, "9990000018"),
        ({"reference": f"Patient?identifier={NHS}|9990000018"}, [], NHS, "9990000018"),
        ({"reference": "Patient?identifier=urn:local%7C7"}, [], "urn:local", "7"),
        ({"reference": f"Patient?identifier={NHS}|9990000017", "identifier": LOCAL}, [], "urn:local", "7"),
        ({"reference": "Patient?name=somebody", "identifier": LOCAL}, [], "urn:local", "7"),
    ],
)
@pytest.mark.parametrize(("type_", "element"), [("Observation", "subject"), ("Immunization", "patient")])
def test_an_identifier_alone_names_whom_a_record_is_about(
    config: Config, subject: dict[str, Any], contained: list[Any], system: str, value: str, type_: str, element: str
) -> None:
    record = {"resourceType": type_, "id": "r1", "status": "completed", element: subject, "contained": contained}
    coded = record | {"vaccineCode" if type_ == "Immunization" else "code": concept("1")}
    [row] = rows(config, coded, type_.lower())
    assert row["patient_id"] == load_key(config.key_file).named_id("elm", system, value)


def test_a_reference_to_a_patient_goes_before_the_identifier_beside_it(config: Config) -> None:
    record = a_record(
        "Observation", status="final", code=concept("1"), subject={"reference": "Patient/p1", "identifier": LOCAL}
    )
    [row] = rows(config, record, "observation")
    assert row["patient_id"] == load_key(config.key_file).patient_id("elm", "p1")


@pytest.mark.parametrize(
    ("subject", "contained", "kind"),
    [
        ({"display": "Somebody"}, [], "no-subject"),
        ({"identifier": {"system": NHS, "value": "9990000017"}}, [], "unusable-identifier"),
        ({"identifier": {"system": NHS, "value": "9999999999"}}, [], "unusable-identifier"),
        ({"identifier": {"value": "7"}}, [], "unusable-identifier"),
        ({"identifier": LOCAL, "type": "Group"}, [], "subject-not-a-patient"),
        ({"reference": "#s"}, within(), "contained-subject"),
        ({"reference": "#s"}, [], "contained-subject"),
        ({"reference": "#s"}, [{"resourceType": "Group", "id": "s", "identifier": [LOCAL]}], "contained-subject"),
        ({"reference": "https://other.example/fhir/Patient/1", "identifier": {"value": "7"}}, [], "another-server"),
        ({"reference": "Group/1", "identifier": LOCAL}, [], "subject-not-a-patient"),
        ({"reference": "Patient?name=somebody"}, [], "unreadable-subject"),
    ],
)
def test_a_record_that_names_nobody_is_refused(
    config: Config, subject: dict[str, Any], contained: list[Any], kind: str
) -> None:
    record = a_record("Observation", status="final", code=concept("1"), subject=subject, contained=contained)
    manifest = flatten(RunContext(config), SOURCE, land(config, {"Observation/000": [record]}))
    assert manifest.quarantine == {"Observation": {kind: 1}}


def test_ids_that_are_uuids_are_one_in_any_letter_case(config: Config) -> None:
    uuid = "0B6F7C1E-2D3A-4F5B-8C9D-0E1F2A3B4C5D"
    references = [f"urn:uuid:{uuid.lower()}", f"Patient/{uuid}", f"Patient/{uuid.lower()}"]
    records = [
        an_observation(f"o{number}", "1") | {"subject": {"reference": reference}}
        for number, reference in enumerate(references)
    ]
    versions = [a_patient(id=uuid, meta={"versionId": "1"}), a_patient(id=uuid.lower(), meta={"versionId": "2"})]
    pull = land(config, {"Patient/000": versions, "Observation/000": records})
    manifest = flatten(RunContext(config), SOURCE, pull)
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id
    found = [
        row["patient_id"]
        for table in ("patient", "observation")
        for file in sorted((folder / table).glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    assert len(found) == 4
    assert len(set(found)) == 1


def test_patient_columns(config: Config) -> None:
    [row] = rows(
        config,
        a_patient(
            gender="female",
            birthDate="1970-05",
            active=False,
            deceasedDateTime="2024-06-30T23:30:00Z",
            meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]},
        ),
        "patient",
    )
    assert (row["sex"], row["birth_date"], row["active"]) == ("female", date(1970, 5, 1), False)
    assert row["birth_date_last"] == date(1970, 5, 31)
    assert (row["dead"], row["death_date"], row["restricted"]) == (True, date(2024, 7, 1), True)


@pytest.mark.parametrize(
    ("gender", "sex"),
    [("female", "female"), ("Male", "male"), ("OTHER", "other"), ("unknown", "unknown"), ("m", "unknown")],
)
def test_a_sex_is_one_of_four_in_whatever_letters(config: Config, gender: str, sex: str) -> None:
    [row] = rows(config, a_patient(gender=gender), "patient")
    assert row["sex"] == sex


def test_patient_without_anything_is_active_alive_and_of_unknown_sex(config: Config) -> None:
    [row] = rows(config, a_patient(gender="f"), "patient")
    assert (row["sex"], row["birth_date"], row["active"], row["dead"], row["restricted"]) == (
        "unknown",
        None,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("code", "dead"), [("1", True), ("2", True), ("U", False)])
def test_death_notification_counts_until_it_is_taken_back(config: Config, code: str, dead: bool) -> None:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-DeathNotificationStatus"
    part = {"url": "deathNotificationStatus", "valueCodeableConcept": concept(code)}
    [row] = rows(config, a_patient(extension=[{"url": url, "extension": [part]}]), "patient")
    assert row["dead"] is dead


ENDED, ENDS_LATER = {"period": {"end": "2020-02"}}, {"period": {"end": "2030"}}


@pytest.mark.parametrize(
    ("addresses", "postcode", "until"),
    [
        ([{"use": "home", "postalCode": "zz99 3vz"}], "ZZ993VZ", None),
        ([{"use": "temp", "postalCode": "A1"}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"use": "old", "postalCode": "A1"}, {"postalCode": "B1"}], "B1", None),
        ([{"postalCode": "A1"}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"use": "home", "postalCode": "A1", **ENDED}, {"postalCode": "B1"}], "B1", None),
        ([{"use": "home", "postalCode": "A1", **ENDS_LATER}, {"use": "home", "postalCode": "B1"}], "B1", None),
        ([{"postalCode": "A1", **ENDED}, {"postalCode": "B1", **ENDS_LATER}], "B1", date(2030, 12, 31)),
        ([{"use": "home", "postalCode": "A1", **ENDED}], "A1", date(2020, 2, 29)),
        *(([{"use": use, "postalCode": "A1"}], None, None) for use in ("old", "temp", "work", "billing")),
        ([{"use": "home", "postalCode": " "}], None, None),
        ([], None, None),
    ],
)
def test_postcode_is_that_of_the_home_that_ends_last(
    config: Config, addresses: list[Any], postcode: str | None, until: date | None
) -> None:
    [row] = rows(config, a_patient(address=addresses), "patient")
    assert (row["postcode"], row["home_until"]) == (postcode, until)


def test_every_other_home_is_kept_with_its_days_and_its_place_in_the_order(config: Config) -> None:
    url = "https://hi-fhir.example/StructureDefinition/lsoa21"
    addresses = [
        {"use": "home", "postalCode": "A1", "period": {"start": "2010", "end": "2025-04"}},
        {"use": "work", "postalCode": "W1"},
        {"use": "home", "postalCode": "B1", "period": {"start": "2025-04-06"}},
        {"postalCode": "C1", "extension": [{"url": url, "valueString": "E01000003"}]},
        {"use": "home", "postalCode": "D1", "period": {"start": "2025-04-05"}},
    ]
    record = a_patient(address=addresses, extension=[{"url": url, "valueString": "E01000001"}])
    [first] = rows(config, record, "patient")
    others = rows(config, record, "other_home")
    columns = ("postcode", "lsoa21", "home_from", "home_until")
    assert pick([first], *columns) == [("B1", "E01000001", date(2025, 4, 6), None)]
    assert pick(others, "place", *columns) == [
        (0, "D1", None, date(2025, 4, 5), None),
        (1, "C1", "E01000003", None, None),
        (2, "A1", None, date(2010, 1, 1), date(2025, 4, 30)),
    ]


def test_lsoa_on_the_record_is_taken_from_the_address_or_the_patient(config: Config) -> None:
    base = "https://hi-fhir.example/StructureDefinition"
    [row] = rows(
        config,
        a_patient(
            extension=[{"url": f"{base}/lsoa21", "valueCode": "E01000002"}],
            address=[{"extension": [{"url": f"{base}/lsoa11", "valueString": "E01000001"}]}],
        ),
        "patient",
    )
    assert (row["lsoa11"], row["lsoa21"]) == ("E01000001", "E01000002")


def test_ethnic_category_keeps_every_coding_of_the_extension(config: Config) -> None:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-EthnicCategory"
    stated = {
        "coding": [
            {"system": f"{UK_CORE}/CodeSystem/UKCore-EthnicCategoryEngland", "code": "A"},
            {"system": SCT, "code": "92391000000108"},
        ]
    }
    found = rows(config, a_patient(extension=[{"url": url, "valueCodeableConcept": stated}]), "ethnic_category")
    assert sorted(pick(found, "code")) == [("92391000000108",), ("A",)]
    assert all(row["resource_id"] == row["patient_id"] for row in found)


def test_registrations_of_a_patient_are_practitioner_and_organisation(config: Config) -> None:
    found = rows(
        config,
        a_patient(
            generalPractitioner=[
                {"identifier": {"system": ODS, "value": "z00001", "period": {"start": "2020-02", "end": "2024-02"}}},
                {"reference": "Organization/o1"},
                {"reference": "Practitioner/x"},
            ],
            managingOrganization={"reference": "https://example.invalid/fhir/Organization/o2"},
        ),
        "registration",
    )
    assert sorted(pick(found, "kind", "organization_id", "ods_code", "start_date", "end_date"), key=str) == [
        ("general-practitioner", "o1", None, None, None),
        ("general-practitioner", None, "Z00001", date(2020, 2, 1), date(2024, 2, 29)),
        ("managing-organization", "o2", None, None, None),
    ]


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare"])
def test_a_contained_practice_is_taken_by_its_code(config: Config, type_: str) -> None:
    practice = {"resourceType": "Organization", "id": "o1", "identifier": [{"system": ODS, "value": "A99001"}]}
    other = {"resourceType": "Organization", "id": "o2", "identifier": [{"system": ODS, "value": "A99002"}]}
    namesake = {"resourceType": "Practitioner", "id": "o1"}
    record = {"contained": [other, namesake, practice], "managingOrganization": {"reference": "#o1"}}
    fields = record if type_ == "Patient" else record | {"status": "active", "patient": {"reference": "Patient/p1"}}
    found = rows(config, {"resourceType": type_, "id": "r1", **fields}, "registration")
    assert pick(found, "organization_id", "ods_code") == [(None, "A99001")]


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare"])
def test_a_practice_by_a_conditional_reference_is_taken_by_its_code(config: Config, type_: str) -> None:
    fields: dict[str, Any] = {"managingOrganization": {"reference": f"Organization?identifier={ODS}%7Ca99001"}}
    if type_ == "EpisodeOfCare":
        fields |= {"status": "active", "patient": {"reference": "Patient/p1"}}
    found = rows(config, {"resourceType": type_, "id": "r1", **fields}, "registration")
    assert pick(found, "organization_id", "ods_code") == [(None, "A99001")]


@pytest.mark.parametrize("contained", [[], [{"resourceType": "Practitioner", "id": "o1"}]])
def test_a_contained_practice_that_is_not_there_states_nothing(config: Config, contained: list[Any]) -> None:
    record = a_patient(contained=contained, managingOrganization={"reference": "#o1"})
    assert rows(config, record, "registration") == []


@pytest.mark.parametrize(
    ("types", "kind", "regular"),
    [
        ([], "untyped-episode", None),
        ([concept("temporary")], "episode", False),
        ([concept("regular")], "episode", True),
        ([concept("R", system=REGISTRATION_TYPE)], "episode", True),
        *(([concept(code, system=REGISTRATION_TYPE)], "episode", False) for code in ("T", "E", "IN", "P", "O", "S")),
        ([concept("R", system=REGISTRATION_TYPE), concept("T", system=REGISTRATION_TYPE)], "episode", False),
        ([{"text": "Temporary"}], "episode", False),
        ([{"coding": [{"system": SCT, "code": "1", "display": "GP registration"}]}], "episode", None),
        ([concept("R")], "other-episode", None),
        ([concept("diab", system="http://terminology.hl7.org/CodeSystem/episodeofcare-type")], "other-episode", None),
        ([{"text": "Smoking cessation"}], "other-episode", None),
        ([{"coding": [{"system": SCT}]}], "untyped-episode", None),
    ],
)
def test_episode_is_a_registration_where_its_type_says_so(
    config: Config, types: list[Any], kind: str, regular: bool | None
) -> None:
    record = a_record(
        "EpisodeOfCare",
        status="active",
        type=types,
        managingOrganization={"reference": "Organization/o1"},
        period={"start": "2020-02-03"},
    )
    found = rows(config, record, "registration")
    assert pick(found, "kind", "organization_id", "start_date", "regular") == [(kind, "o1", date(2020, 2, 3), regular)]


@pytest.mark.parametrize(
    ("status", "period", "over"),
    [
        ("active", {"start": "2020"}, False),
        ("onhold", {"start": "2020"}, False),
        ("finished", {"start": "2020"}, True),
        ("finished", {"start": "2020", "end": "2025-06-01"}, True),
    ],
)
def test_an_episode_that_is_finished_is_over_if_on_no_day_that_is_known(
    config: Config, status: str, period: dict[str, str], over: bool
) -> None:
    record = a_record("EpisodeOfCare", status=status, managingOrganization={"reference": "Organization/o1"})
    [row] = rows(config, {**record, "period": period}, "registration")
    assert row["ended_on_unknown_date"] is over


@pytest.mark.parametrize("status", ["planned", "waitlist", "cancelled", "entered-in-error"])
def test_episode_that_is_no_registration_gives_no_row_and_still_reconciles(config: Config, status: str) -> None:
    assert rows(config, a_record("EpisodeOfCare", status=status), "registration") == []


def test_organization_has_code_name_and_parent(config: Config) -> None:
    record = {
        "resourceType": "Organization",
        "id": "o1",
        "identifier": [{"system": ODS, "value": "Z00001"}],
        "name": "A practice",
        "partOf": {"reference": "Organization/n1"},
    }
    found = rows(config, record, "organization")
    assert pick(found, "organization_id", "ods_code", "name", "part_of_id") == [("o1", "Z00001", "A practice", "n1")]


@pytest.mark.parametrize(
    "system",
    [
        "HTTP://fhir.nhs.uk/id/ODS-organization-code/",
        "https://fhir.nhs.uk/Id/ods-site-code",
        "http://fhir.nhs.net/Id/ods-site-code",
        "urn:oid:1.2.826.0.1285.0.1.10",
        "2.16.840.1.113883.2.1.3.2.4.18.48",
    ],
)
@pytest.mark.parametrize("type_", ["Organization", "Patient"])
def test_the_system_of_ods_codes_goes_by_its_names_too(config: Config, system: str, type_: str) -> None:
    stated = {"system": system, "value": "a99001"}
    fields = {"Organization": {"identifier": [stated]}, "Patient": {"generalPractitioner": [{"identifier": stated}]}}
    table = {"Organization": "organization", "Patient": "registration"}[type_]
    assert pick(rows(config, {"resourceType": type_, "id": "r1", **fields[type_]}, table), "ods_code") == [("A99001",)]


def test_identity_is_kept_apart_for_its_owner(config: Config) -> None:
    rows(config, a_patient(), "patient")
    file = config.data_dir / "identity" / "elm.parquet"
    key = load_key(config.key_file)
    assert pq.read_table(file).to_pylist() == [{"patient_id": key.patient_id("elm", "p1"), "source_patient_id": "p1"}]
    assert file.stat().st_mode & 0o777 == 0o600
