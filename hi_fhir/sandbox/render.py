"""The sandbox's people and organisations as FHIR R4 in the shapes of UK Core, with the same bytes on every day.

What a record means is in its coding, dates and values; the rest (narrative, categories, who wrote it) makes it as large
and as various as records are, and no measure reads it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from hi_fhir.sandbox.people.model import (
    Address,
    Code,
    Component,
    NhsNumber,
    Organisation,
    Patient,
    Person,
    Record,
    Registration,
    When,
)
from hi_fhir.sandbox.people.places import ORGANISATIONS
from hi_fhir.sandbox.spellings import respelled

Resource = dict[str, Any]

ABSOLUTE_BASE = "http://sandbox.example.invalid/fhir"
"""Where absolute references point: the same server under the name that it says it has, as if behind a proxy."""

_OTHER_BASE = "https://elsewhere.example.invalid/fhir"
_LOCAL_NUMBER = "urn:hi-fhir:sandbox:local-number"
_LONDON = ZoneInfo("Europe/London")
_ODS_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
_NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_UKCORE = "https://fhir.hl7.org.uk/StructureDefinition"
_VERIFICATION = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
_VERIFICATION_WORDS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
_REGISTRATION_TYPE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RegistrationType"
_OWN_EXTENSION = "https://hi-fhir.example/StructureDefinition"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"

_AS_PERIOD = 37
"""One date in so many is written as a period."""

_UPDATED = tuple(
    (datetime(2024, 9, 1, 7, tzinfo=UTC) + timedelta(minutes=163 * step)).isoformat(timespec="milliseconds")
    for step in range(1_873)
)
"""When resources were last updated: up to the morning of the day before the data's date."""
LAST_UPDATED = datetime(2025, 4, 2, 6, tzinfo=UTC).isoformat(timespec="milliseconds")


def organisation_resources() -> Iterator[Resource]:
    """Practices, networks and boards. They are the newest resources, so that they give the data its date."""
    return map(_organisation, ORGANISATIONS)


def resources(person: Person) -> Iterator[Resource]:
    """All resources of one person, every one of them valid: patients, episodes of care, then clinical records.

    Resources share parts (concepts, narratives): they are to be read and written out, not changed within.
    """
    for patient in person.patients:
        yield _patient(patient)
        yield from _episodes(patient)
    for record in person.records:
        yield _RENDERERS[record.type](record)


def _meta(profile: str, id_: str) -> Resource:
    updated = _UPDATED[crc32(id_.encode()) % len(_UPDATED)]
    return {"versionId": "2", "lastUpdated": updated, "profile": [f"{_UKCORE}/UKCore-{profile}"]}


def _organisation(one: Organisation) -> Resource:
    rendered: Resource = {
        "resourceType": "Organization",
        "id": one.id,
        "meta": {**_meta("Organization", one.id), "lastUpdated": LAST_UPDATED},
        "identifier": [{"system": _ODS_SYSTEM, "value": one.ods_code}],
        "active": True,
        "type": [{"coding": [{"system": f"{_HL7}/organization-type", "code": "prov"}], "text": one.kind}],
        "name": one.name,
        "address": [{"line": ["1 Sandbox Street"], "city": "Nowhere", "country": "GBR"}],
    }
    if one.part_of:
        rendered["partOf"] = {"reference": f"Organization/{one.part_of}"}
    return rendered


def _patient(patient: Patient) -> Resource:
    meta = _meta("Patient", patient.id)
    if patient.restricted:
        meta["security"] = [{"system": _CONFIDENTIALITY, "code": "R", "display": "restricted"}]
    rendered: Resource = {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": meta,
        "text": _narrative("A synthetic person of the sandbox: nobody real."),
        "identifier": [{"system": _LOCAL_NUMBER, "value": patient.id}],
        "name": [{"use": "official", "family": patient.family, "given": [patient.given], "prefix": ["Mx"]}],
        "telecom": [{"system": "phone", "value": "01632 960000", "use": "home"}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
    }
    _add_what_is_said(rendered, patient)
    _add_registrations(rendered, patient.registrations)
    return rendered


def _add_what_is_said(rendered: Resource, patient: Patient) -> None:
    """Each element that a patient may lack."""
    extensions: list[Resource] = []
    if patient.ethnicity:
        url = f"{_UKCORE}/Extension-UKCore-EthnicCategory"
        extensions.append({"url": url, "valueCodeableConcept": respelled(_concept(patient.ethnicity), patient.id)})
    if patient.nhs_number:
        rendered["identifier"].insert(0, _nhs_number(patient.nhs_number))
    if patient.active is not None:
        rendered["active"] = patient.active
    if patient.sex:
        rendered["gender"] = patient.sex
    if patient.born:
        rendered["birthDate"] = _date(patient.born)
    if patient.replaced_by:
        rendered["link"] = [{"other": {"reference": f"Patient/{patient.replaced_by}"}, "type": "replaced-by"}]
    if patient.death:
        rendered |= {"deceasedDateTime": _date(patient.death.when)} if patient.death.when else {"deceasedBoolean": True}
    if patient.address:
        rendered["address"] = _addresses(patient.address)
        if patient.address.area_on_patient:
            extensions += _areas(patient.address)
    if extensions:
        rendered["extension"] = extensions


def _nhs_number(number: NhsNumber) -> Resource:
    system, code = {
        "verified": (_VERIFICATION, "01"),
        "placeholder": (_VERIFICATION, "01"),
        "verified-in-words": (_VERIFICATION_WORDS, "number-present-and-verified"),
    }.get(number.standing, (_VERIFICATION, "02"))
    extension = {
        "url": f"{_UKCORE}/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [{"system": system, "code": code}]},
    }
    return {"extension": [extension], "system": _NHS_SYSTEM, "value": number.value}


def _addresses(address: Address) -> list[Resource]:
    own: Resource = {"line": ["1 Sandbox Street", "Nowhere"], "city": "Nowhere"}
    if address.use:
        own["use"] = address.use
    if address.until:
        own["period"] = {"end": _date(address.until)}
    if address.postcode:
        own["postalCode"] = address.written or address.postcode.text
    if address.area and not address.area_on_patient:
        own["extension"] = _areas(address)
    if address.former is None:
        return [own]
    former = {"use": "old", "postalCode": address.former.text, "period": {"start": "2009", "end": "2019-05-01"}}
    return [former, own]


def _areas(address: Address) -> list[Resource]:
    return [
        {"url": f"{_OWN_EXTENSION}/{vintage}", "valueString": getattr(address.area, vintage)}
        for vintage in address.vintages
    ]


def _add_registrations(rendered: Resource, registrations: Iterable[Registration]) -> None:
    for registration in registrations:
        reference = _practice(registration)
        if registration.kind == "general-practitioner":
            if registration.by_identifier:
                reference["identifier"] |= _period(registration)
            rendered.setdefault("generalPractitioner", []).append(reference)
        elif registration.kind == "managing-organization":
            rendered["managingOrganization"] = reference


def _practice(registration: Registration) -> Resource:
    practice = registration.practice
    if registration.by_identifier:
        return {"identifier": {"system": _ODS_SYSTEM, "value": practice.ods_code}, "display": practice.name}
    return {"reference": f"Organization/{practice.id}", "display": practice.name}


def _period(registration: Registration) -> Resource:
    ends = {"start": registration.start, "end": registration.end}
    period = {name: _date(when) for name, when in ends.items() if when}
    return {"period": period} if period else {}


def _episodes(patient: Patient) -> Iterator[Resource]:
    episodes = [one for one in patient.registrations if one.kind == "episode"]
    for number, episode in enumerate(episodes, 1):
        id_ = f"{patient.id}-registration-{number}"
        rendered: Resource = {
            "resourceType": "EpisodeOfCare",
            "id": id_,
            "meta": _meta("EpisodeOfCare", id_),
            "status": episode.status,
            "patient": {"reference": f"Patient/{patient.id}"},
            "managingOrganization": _practice(episode),
            **_period(episode),
        }
        if episode.temporary is not None:
            code = "temporary" if episode.temporary else "regular"
            rendered["type"] = [{"coding": [{"system": _REGISTRATION_TYPE, "code": code}]}]
        yield rendered


def _observation(record: Record) -> Resource:
    rendered = _common(record, "Observation")
    rendered |= {
        "status": record.status,
        "category": [_concept_of(f"{_HL7}/observation-category", "vital-signs" if record.components else "exam")],
        "code": _coded(record),
        "subject": _subject(record),
        "performer": [{"display": "A clinician of the practice"}],
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a value. " * 3}],
    }
    _add_date(rendered, record, "effective")
    if record.issued:
        rendered["issued"] = _date(record.issued)
    if record.value is not None:
        rendered["valueQuantity"] = _quantity(record.value, record.unit)
    if record.components:
        rendered["component"] = [_component(part, record.id) for part in record.components]
    return rendered


def _component(part: Component, id_: str) -> Resource:
    return {"code": respelled(_concept(part.code), id_), "valueQuantity": _quantity(part.value, part.unit)}


def _quantity(value: float, unit: str | None) -> Resource:
    if unit is None:
        return {"value": value}
    if unit in _UCUM_UNITS:
        return {"value": value, "unit": unit, "system": _UCUM, "code": unit}
    return {"value": value, "unit": unit} | _CODED_OTHERWISE.get(unit, {})


_UCUM_UNITS = frozenset({"mm[Hg]", "kPa", "kg/m2", "mmol/mol", "mmol/L", "kg", "cm", "/min", "g/L", "mL/min"})
_CODED_OTHERWISE = {
    "mm Hg": {"system": "http://snomed.info/sct", "code": "259018001"},  # the words say the unit
    "mmhg": {"system": "https://unitsofmeasure.org/", "code": "mm[Hg]"},
}


def _condition(record: Record) -> Resource:
    rendered = _common(record, "Condition")
    verified = record.status if record.status in ("refuted", "entered-in-error") else "confirmed"
    rendered["verificationStatus"] = _concept_of(f"{_HL7}/condition-ver-status", verified)
    if verified == "confirmed":
        rendered["clinicalStatus"] = _concept_of(f"{_HL7}/condition-clinical", record.status)
    rendered |= {
        "category": [_concept_of(f"{_HL7}/condition-category", "problem-list-item")],
        "code": _coded(record),
        "subject": _subject(record),
        "recorder": {"display": "A clinician of the practice"},
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a problem. " * 4}],
    }
    _add_date(rendered, record, "onset")
    if record.issued:
        rendered["recordedDate"] = _date(record.issued)
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
    _add_date(rendered, record, "performed")
    return rendered


def _encounter(record: Record) -> Resource:
    rendered = _common(record, "Encounter")
    rendered |= {
        "status": record.status,
        "class": {"system": f"{_HL7}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"coding": [{"system": "urn:hi-fhir:sandbox", "code": "consultation"}], "text": "Consultation"}],
        "subject": _subject(record),
        "participant": [{"individual": {"display": "A clinician of the practice"}}],
        "serviceProvider": {"display": "The practice"},
    }
    if record.code:
        rendered["reasonCode"] = [_coded(record)]
    if record.when:
        rendered["period"] = {"start": _date(record.when)}
    return rendered


def _immunization(record: Record) -> Resource:
    rendered = _common(record, "Immunization")
    rendered |= {
        "status": record.status,
        "vaccineCode": _coded(record),
        "patient": _subject(record),
        "primarySource": True,
        "lotNumber": "SANDBOX1",
        "site": _concept_of(f"{_HL7}/v3-ActSite", "LA"),
        "performer": [{"actor": {"display": "A nurse of the practice"}}],
        "note": [{"text": "Written by the sandbox; stands for what a practice types beside a vaccine. " * 4}],
    }
    if record.when:
        rendered["occurrenceDateTime"] = _date(record.when)
    else:
        rendered["occurrenceString"] = "not known when"
    return rendered


def _medication_request(record: Record) -> Resource:
    rendered = _common(record, "MedicationRequest")
    rendered |= {
        "status": record.status,
        "intent": "order",
        "category": [_concept_of(f"{_HL7}/medicationrequest-category", "community")],
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
        rendered["authoredOn"] = _date(record.when)
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
        identifier = {"system": _LOCAL_NUMBER, "value": record.patient_id}
        common["contained"] = [{"resourceType": "Patient", "id": "subject", "identifier": [identifier]}]
    return common


def _unnamed(record: Record, profile: str) -> Resource:
    return {
        "resourceType": record.type,
        "id": record.id,
        "meta": _meta(profile, record.id),
        "text": _narrative(record.code.text if record.code else "No reason given"),
        "identifier": [{"system": "urn:hi-fhir:sandbox:record", "value": record.id}],
    }


@lru_cache(maxsize=256)
def _narrative(text: str) -> Resource:
    words = f"{text}. Generated by the sandbox from values that it keeps apart from FHIR. "
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words * 3}</p></div>'}


def _add_date(rendered: Resource, record: Record, name: str) -> None:
    """The record's date; now and then as the start of a period."""
    if record.when is None:
        return
    if crc32(record.id.encode()) % _AS_PERIOD == 0:
        rendered[f"{name}Period"] = {"start": _date(record.when)}
    else:
        rendered[f"{name}DateTime"] = _date(record.when)


def _subject(record: Record) -> Resource:
    match record.reference:
        case "absolute":
            return {"reference": f"{ABSOLUTE_BASE}/Patient/{record.patient_id}"}
        case "elsewhere":
            return {"reference": f"{_OTHER_BASE}/Patient/{record.patient_id}"}
        case "by-number":
            return {"identifier": {"system": _NHS_SYSTEM, "value": record.number}, "type": "Patient"}
        case "by-identifier":
            return {"identifier": {"system": _LOCAL_NUMBER, "value": record.patient_id}}
        case "contained":
            return {"reference": "#subject"}
        case "versioned":
            return {"reference": f"Patient/{record.patient_id}/_history/2"}
    return {"reference": f"Patient/{record.patient_id}"}


def _coded(record: Record) -> Resource:
    return respelled(_concept(record.code), record.id)


def _concept_of(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


@lru_cache(maxsize=512)
def _concept(code: Code | None) -> Resource:
    if code is None:
        return {}
    if not code.codings:
        return {"text": code.text}
    return {"coding": [{"system": system, "code": one} for system, one in code.codings], "text": code.text}


def _date(when: When) -> str:
    """FHIR's date, dateTime or instant for what a record gives."""
    if when.clock:
        at = datetime.combine(when.day, when.clock, _LONDON)
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if when.utc else at.isoformat()
    return when.day.isoformat()[: {"year": 4, "month": 7, "day": 10}[when.precision]]
