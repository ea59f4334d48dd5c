"""Rows of tables that one record becomes, and records with no more than they need."""

from typing import Any

import pyarrow.parquet as pq

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from tests.support.landing import SOURCE, land

SCT = "http://snomed.info/sct"


UK_CORE = "https://fhir.hl7.org.uk"


NHS = "https://fhir.nhs.uk/Id/nhs-number"


ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


REGISTRATION_TYPE = "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-RegistrationType-1"


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


UCUM = "http://unitsofmeasure.org"


def a_patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", **fields}


def nhs_number(value: str, status: str | None = None, **fields: Any) -> dict[str, Any]:
    url = f"{UK_CORE}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    stated = [{"url": url, "valueCodeableConcept": concept(status, system="any")}] if status else []
    return {"system": NHS, "value": value, "extension": stated, **fields}
