"""What Patients, episodes and Organizations state of registrations."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.tables.identity import load_key
from tests.support.landing import config_in
from tests.support.viewing import ODS, REGISTRATION_TYPE, SCT, a_patient, a_record, concept, pick, rows


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


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
