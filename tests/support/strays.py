"""What public servers hold that no guide allows: records of nobody or of people elsewhere, uncoded, shaped as in R5."""

from typing import Any

_SCT = "http://snomed.info/sct"
_SYSTOLIC = {"coding": [{"system": _SCT, "code": "72313002"}]}
_ASTHMA = {"coding": [{"system": _SCT, "code": "195967001"}]}
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition"
_DAY = "2025-01-15"
NOBODY = "Patient/nobody-of-this-server"
ELSEWHERE = "https://elsewhere.example.invalid/fhir/Patient/stray-77"


def stray_resources() -> list[dict[str, Any]]:
    """Resources that a lenient server takes, and that change no number of anybody."""
    return [
        _reading("stray-dangling", {"reference": NOBODY}),
        _reading("stray-absolute", {"reference": ELSEWHERE}),
        _reading("stray-logical", {"identifier": {"system": "urn:example:local", "value": "77"}}),
        _reading("stray-display", {"display": "Somebody"}),
        _reading("stray-nobody", None),
        _reading("stray-r5", {"reference": NOBODY}) | _R5_OBSERVATION,
        _reading("stray-text-only", {"reference": NOBODY}) | {"code": {"text": "Blood pressure, both arms"}},
        {
            "resourceType": "Condition",
            "id": "stray-condition",
            "subject": {"reference": ELSEWHERE},
            "code": _ASTHMA,
            "evidence": [{"detail": [{"reference": "Observation/never-was"}]}],
        },
        {
            "resourceType": "Encounter",
            "id": "stray-r5-encounter",
            "extension": [{"url": f"{_R5}/extension-Encounter.subjectStatus", "valueCode": "departed"}],
            "status": "finished",
            "class": {"code": "AMB"},
            "actualPeriod": {"start": _DAY},
            "subject": {"reference": NOBODY},
            "serviceProvider": {"reference": "Organization/never-was"},
        },
        {
            "resourceType": "Patient",
            "id": "stray-text-only",
            "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Nobody real</div>'},
            "birthDate": "2199",
        },
        {
            "resourceType": "Patient",
            "id": "stray-registered-nowhere",
            "birthDate": "1980",
            "managingOrganization": {"reference": "https://elsewhere.example.invalid/fhir/Organization/never-was"},
        },
        {
            "resourceType": "Organization",
            "id": "stray-organisation",
            "name": "Part of what is not there",
            "partOf": {"reference": "Organization/never-was"},
        },
    ]


_R5_OBSERVATION: dict[str, Any] = {
    "extension": [{"url": f"{_R5}/extension-Observation.triggeredBy", "extension": [{"url": "x", "valueString": "y"}]}],
    "instantiatesCanonical": "https://elsewhere.example.invalid/ObservationDefinition/r5",
}


def _reading(id_: str, subject: dict[str, Any] | None) -> dict[str, Any]:
    reading = {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": _SYSTOLIC,
        "effectiveDateTime": _DAY,
        "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
    }
    return reading | ({"subject": subject} if subject else {})
