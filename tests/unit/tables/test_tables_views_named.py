"""Whom a record names, by reference or by identifier."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.identity import load_key
from tests.support.fhir_records import an_observation
from tests.support.landing import SOURCE, config_in, land
from tests.support.viewing import NHS, a_patient, a_record, concept, rows


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


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
