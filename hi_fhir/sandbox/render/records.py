"""Clinical records in the shapes of UK Core.

What a record means is in its coding, dates and values; the rest (narrative, categories, who wrote it) makes it as large
and as various as records are, and no measure reads it.
"""

from collections.abc import Callable

from hi_fhir.sandbox.people.model import Reason, Record
from hi_fhir.sandbox.render.dates import dating
from hi_fhir.sandbox.render.elements import (
    HL7,
    HL7_EXTENSION,
    LOCAL_NUMBER,
    NHS_SYSTEM,
    Resource,
    concept,
    concept_of,
    date_of,
    meta_of,
    narrative,
)
from hi_fhir.sandbox.render.values import answered, component, valued
from hi_fhir.sandbox.spellings import respelled

ABSOLUTE_BASE = "http://sandbox.example.invalid/fhir"
"""Where absolute references point: the same server under the name that it says it has, as if behind a proxy."""

_OTHER_BASE = "https://elsewhere.example.invalid/fhir"


def render_record(record: Record) -> Resource:
    return _RENDERERS[record.type](record)


def _observation(record: Record) -> Resource:
    rendered = _common(record, "Observation")
    rendered |= {
        "status": record.status,
        "category": [concept_of(f"{HL7}/observation-category", "vital-signs" if record.components else "exam")],
        "code": _coded(record),
        "subject": _subject(record),
        "performer": [{"display": "A clinician of the practice"}],
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a value. " * 3}],
    }
    rendered |= dating(record, "effective")
    if record.issued:
        rendered["issued"] = date_of(record.issued)
    rendered |= valued(record, record.id) | answered(record.answer)
    if record.components:
        rendered["component"] = [component(part, record.id) for part in record.components]
    return rendered


def _condition(record: Record) -> Resource:
    rendered = _common(record, "Condition")
    verified = record.status if record.status in ("refuted", "entered-in-error") else "confirmed"
    rendered["verificationStatus"] = concept_of(f"{HL7}/condition-ver-status", verified)
    if verified == "confirmed":
        rendered["clinicalStatus"] = concept_of(f"{HL7}/condition-clinical", record.status)
    rendered |= {
        "category": [concept_of(f"{HL7}/condition-category", "problem-list-item")],
        "code": _coded(record),
        "subject": _subject(record),
        "recorder": {"display": "A clinician of the practice"},
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a problem. " * 4}],
    }
    rendered |= dating(record, "onset")
    if record.issued:
        rendered["recordedDate"] = date_of(record.issued)
    return rendered


def _procedure(record: Record) -> Resource:
    rendered = _common(record, "Procedure")
    rendered |= {
        "status": record.status,
        "code": _coded(record),
        "subject": _subject(record),
        "performer": [{"actor": {"display": "A nurse of the practice"}}],
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a procedure. " * 4}],
    }
    rendered |= dating(record, "performed")
    return rendered


def _encounter(record: Record) -> Resource:
    rendered = _common(record, "Encounter")
    rendered |= {
        "status": record.status,
        "class": _class(record),
        "subject": _subject(record),
        "participant": [{"individual": {"display": "A clinician of the practice"}}],
        "serviceProvider": {"display": "The practice"},
    }
    if record.visit.type:
        rendered["type"] = [respelled(concept(record.visit.type), record.id)]
    if record.code:
        rendered["reasonCode"] = [_coded(record)]
    if record.reason:
        rendered["reasonReference"] = [_referred(record.reason)]
        if record.reason.way == "contained":
            rendered.setdefault("contained", []).append(_problem(record, record.reason))
    if record.when:
        rendered["period"] = {"start": date_of(record.when)}
    return rendered


def _class(record: Record) -> Resource:
    """A Coding: FHIR demands one, so that one of nothing says that there is none."""
    stated = record.visit.encounter_class
    if stated is None:
        return {"extension": [{"url": f"{HL7_EXTENSION}/data-absent-reason", "valueCode": "unknown"}]}
    codings = respelled(concept(stated), record.id).get("coding", [{}])
    return {name: value for name, value in {**codings[0], "display": stated.text}.items() if value}


def _referred(reason: Reason) -> Resource:
    match reason.way:
        case "contained":
            return {"reference": "#reason"}
        case "identifier":
            return {"identifier": {"system": "urn:hi-fhir:sandbox:problem", "value": "1"}}
        case "display":
            return {"display": "Feels unwell"}
    base = {"absolute": f"{ABSOLUTE_BASE}/", "elsewhere": f"{_OTHER_BASE}/"}.get(reason.way, "")
    return {"reference": f"{base}{reason.type}/{reason.id}"}


def _problem(record: Record, reason: Reason) -> Resource:
    problem: Resource = {"resourceType": "Condition", "id": "reason", "subject": _subject(record)}
    return problem | {"code": concept(reason.code)} if reason.code else problem


def _immunization(record: Record) -> Resource:
    rendered = _common(record, "Immunization")
    rendered |= {
        "status": record.status,
        "vaccineCode": _coded(record),
        "patient": _subject(record),
        "primarySource": True,
        "lotNumber": "SANDBOX1",
        "site": concept_of(f"{HL7}/v3-ActSite", "LA"),
        "performer": [{"actor": {"display": "A nurse of the practice"}}],
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a vaccine. " * 4}],
    }
    if record.when:
        rendered["occurrenceDateTime"] = date_of(record.when)
    else:
        rendered["occurrenceString"] = "not known when"
    return rendered


def _medication_request(record: Record) -> Resource:
    rendered = _common(record, "MedicationRequest")
    rendered |= {
        "status": record.status,
        "intent": "order",
        "category": [concept_of(f"{HL7}/medicationrequest-category", "community")],
        "medicationCodeableConcept": _coded(record),
        "subject": _subject(record),
        "requester": {"display": "A clinician of the practice"},
        "dosageInstruction": [
            {"text": "One to be taken each day", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
        ],
        "dispenseRequest": {"quantity": {"value": 28, "unit": "tablet"}},
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a medicine. " * 3}],
    }
    if record.when:
        rendered["authoredOn"] = date_of(record.when)
    return rendered


_RENDERERS: dict[str, Callable[[Record], Resource]] = {
    "Condition": _condition,
    "Encounter": _encounter,
    "Immunization": _immunization,
    "MedicationRequest": _medication_request,
    "Observation": _observation,
    "Procedure": _procedure,
}


def _common(record: Record, profile: str) -> Resource:
    common = _unnamed(record, profile)
    if record.reference == "contained":
        identifier = {"system": LOCAL_NUMBER, "value": record.patient_id}
        common["contained"] = [{"resourceType": "Patient", "id": "subject", "identifier": [identifier]}]
    return common


def _unnamed(record: Record, profile: str) -> Resource:
    return {
        "resourceType": record.type,
        "id": record.id,
        "meta": meta_of(profile, record.id),
        "text": narrative(record.code.text if record.code else "No reason given"),
        "identifier": [{"system": "urn:hi-fhir:sandbox:record", "value": record.id}],
    }


def _subject(record: Record) -> Resource:
    match record.reference:
        case "absolute":
            return {"reference": f"{ABSOLUTE_BASE}/Patient/{record.patient_id}"}
        case "elsewhere":
            return {"reference": f"{_OTHER_BASE}/Patient/{record.patient_id}"}
        case "by-number":
            return {"identifier": {"system": NHS_SYSTEM, "value": record.number}, "type": "Patient"}
        case "by-identifier":
            return {"identifier": {"system": LOCAL_NUMBER, "value": record.patient_id}}
        case "contained":
            return {"reference": "#subject"}
        case "versioned":
            return {"reference": f"Patient/{record.patient_id}/_history/2"}
    return {"reference": f"Patient/{record.patient_id}"}


def _coded(record: Record) -> Resource:
    return respelled(concept(record.code), record.id)
