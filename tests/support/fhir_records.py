"""A few FHIR resources to put behind a server in tests; ids say what they are."""

from typing import Any

SNOMED = "http://snomed.info/sct"


def a_patient(id_: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **fields}


def an_observation(
    id_: str, code: str, *, of: str = "ann", on: str | None = "2024-05-01", **fields: Any
) -> dict[str, Any]:
    dated = {"effectiveDateTime": on} if on else {}
    subject = {"reference": f"Patient/{of}"}
    return {"resourceType": "Observation", "id": id_, "status": "final", "subject": subject} | {
        "code": a_concept(code),
        **dated,
        **fields,
    }


def a_concept(code: str, system: str = SNOMED) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def an_organisation(id_: str, ods: str, **fields: Any) -> dict[str, Any]:
    system = "https://fhir.nhs.uk/Id/ods-organization-code"
    return {"resourceType": "Organization", "id": id_, "identifier": [{"system": system, "value": ods}], **fields}
