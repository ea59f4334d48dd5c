"""Patients with their registrations, and the organisations that they are registered with, in the shapes of UK Core."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from hi_fhir.sandbox.people.model import (
    Address,
    NhsNumber,
    Patient,
    PatientLink,
    Registration,
    SyntheticOrganisation,
    When,
)
from hi_fhir.sandbox.render.elements import (
    HL7,
    LOCAL_NUMBER,
    NHS_SYSTEM,
    UKCORE,
    Resource,
    concept,
    concept_of,
    date_of,
    meta_of,
    narrative,
)
from hi_fhir.sandbox.spellings import respelled

_ODS_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
_VERIFICATION = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
_VERIFICATION_WORDS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
_REGISTRATION_TYPE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RegistrationType"
_DETAILS = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-RegistrationDetails-1"
_DETAILS_STATUSES = {"active": "A", "inactive": "I", "pending": "R", "leaving": "D"}
_OWN_EXTENSION = "https://hi-fhir.example/StructureDefinition"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

LAST_UPDATED = datetime(2025, 4, 2, 6, tzinfo=UTC).isoformat(timespec="milliseconds")
"""When organisations were last updated, so that they give the data its date."""


def render_organisation(one: SyntheticOrganisation) -> Resource:
    former = [{"use": "old", "system": _ODS_SYSTEM, "value": one.former_code}] if one.former_code else []
    rendered: Resource = {
        "resourceType": "Organization",
        "id": one.id,
        "meta": {**meta_of("Organization", one.id), "lastUpdated": LAST_UPDATED},
        "identifier": [*former, {"system": _ODS_SYSTEM, "value": one.ods_code}],
        "active": True,
        "type": [{"coding": [{"system": f"{HL7}/organization-type", "code": "prov"}], "text": one.kind}],
        "name": one.name,
        "address": [{"line": ["1 Sandbox Street"], "city": "Nowhere", "country": "GBR"}],
    }
    if one.part_of:
        rendered["partOf"] = {"reference": f"Organization/{one.part_of}"}
    return rendered


def render_patient(patient: Patient) -> Resource:
    meta = meta_of("Patient", patient.id)
    if patient.restricted:
        meta["security"] = [{"system": _CONFIDENTIALITY, "code": "R", "display": "restricted"}]
    rendered: Resource = {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": meta,
        "text": narrative("A synthetic person of the sandbox: nobody real."),
        "identifier": [{"system": LOCAL_NUMBER, "value": patient.id}],
        "name": [{"use": "official", "family": patient.family, "given": [patient.given], "prefix": ["Mx"]}],
        "telecom": [{"system": "phone", "value": "01632 960000", "use": "home"}],
    }
    _add_what_is_said(rendered, patient)
    _add_registrations(rendered, patient.registrations)
    return rendered


def _add_what_is_said(rendered: Resource, patient: Patient) -> None:
    """Each element that a patient may lack."""
    extensions: list[Resource] = []
    if patient.ethnicity:
        url = f"{UKCORE}/Extension-UKCore-EthnicCategory"
        extensions.append({"url": url, "valueCodeableConcept": respelled(concept(patient.ethnicity), patient.id)})
    if patient.nhs_number:
        rendered["identifier"].insert(0, _nhs_number(patient.nhs_number))
    if patient.active is not None:
        rendered["active"] = patient.active
    if patient.sex:
        rendered["gender"] = patient.sex
    if patient.born:
        rendered["birthDate"] = date_of(patient.born)
    if patient.links:
        rendered["link"] = [{"other": _other(link), "type": link.kind} for link in patient.links]
    if patient.death:
        rendered |= (
            {"deceasedDateTime": date_of(patient.death.when)} if patient.death.when else {"deceasedBoolean": True}
        )
    addresses = [address for address in (patient.address, *patient.further) if address]
    if addresses:
        rendered["address"] = [one for address in addresses for one in _addresses(address)]
    for address in addresses:
        if address.area_on_patient:
            extensions += _areas(address)
    extensions += _languages(rendered, patient)
    if extensions:
        rendered["extension"] = extensions


_ENGLISH = {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}
_SAID = {"communication": _ENGLISH, "words": {"text": "English"}, "empty": {}}


def _languages(rendered: Resource, patient: Patient) -> Iterator[Resource]:
    """The extensions on language, with the element of the patient where that has it."""
    if patient.language in _SAID:
        rendered["communication"] = [{"language": _SAID[patient.language], "preferred": True}]
    nested: list[Resource] = []
    if patient.language == "extension":
        nested.append({"url": "language", "valueCodeableConcept": _ENGLISH})
    need: Resource = {"url": "interpreterRequired", "valueBoolean": not patient.interpreter.endswith("not-needed")}
    if patient.interpreter.startswith("nested-"):
        nested.append(need)
    elif patient.interpreter:
        yield need | {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"}
    if nested:
        yield {"url": f"{UKCORE}/Extension-UKCore-NHSCommunication", "extension": nested}


def _other(link: PatientLink) -> Resource:
    return {"reference": f"Patient/{link.other}"} if link.other else {"display": "An earlier record"}


def _nhs_number(number: NhsNumber) -> Resource:
    system, code = {
        "verified": (_VERIFICATION, "01"),
        "placeholder": (_VERIFICATION, "01"),
        "verified-in-words": (_VERIFICATION_WORDS, "number-present-and-verified"),
    }.get(number.standing, (_VERIFICATION, "02"))
    extension = {
        "url": f"{UKCORE}/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [{"system": system, "code": code}]},
    }
    return {"extension": [extension], "system": NHS_SYSTEM, "value": number.value}


def _addresses(address: Address) -> list[Resource]:
    own: Resource = {"line": ["1 Sandbox Street", "Nowhere"], "city": "Nowhere"}
    if address.use:
        own["use"] = address.use
    own |= _period(address.since, address.until)
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
        reference = _named(registration)
        if registration.kind == "general-practitioner":
            if registration.by_identifier:
                reference["identifier"] |= _period(registration.start, registration.end)
            rendered.setdefault("generalPractitioner", []).append(reference)
        elif registration.kind == "managing-organization":
            rendered["managingOrganization"] = reference
        elif registration.kind == "registration-details":
            rendered.setdefault("extension", []).append(_details(registration))


def _details(registration: Registration) -> Resource:
    period = _period(registration.start, registration.end)["period"]
    parts: list[Resource] = [{"url": "registrationPeriod", "valuePeriod": period}]
    if registration.temporary is not None:
        parts.append(_part("Type", "T" if registration.temporary else "R"))
    parts.append(_part("Status", _DETAILS_STATUSES[registration.status]))
    return {"url": _DETAILS, "extension": parts}


def _part(name: str, code: str) -> Resource:
    concept = concept_of(f"https://fhir.nhs.uk/CareConnect-Registration{name}-1", code)
    return {"url": f"registration{name}", "valueCodeableConcept": concept}


def _named(registration: Registration) -> Resource:
    """The organisation of a registration; nothing where it names none."""
    named = registration.practice
    if named is None:
        return {}
    if registration.by_identifier:
        use = {"use": "old"} if registration.is_old else {}
        return {"identifier": {**use, "system": _ODS_SYSTEM, "value": named.ods_code}, "display": named.name}
    return {"reference": f"Organization/{named.id}", "display": named.name}


def _period(start: When | None, end: When | None) -> Resource:
    ends = {"start": start, "end": end}
    period = {name: date_of(when) for name, when in ends.items() if when}
    return {"period": period} if period else {}


def render_episodes(patient: Patient) -> Iterator[Resource]:
    episodes = [one for one in patient.registrations if one.kind == "episode"]
    for number, episode in enumerate(episodes, 1):
        id_ = f"{patient.id}-registration-{number}"
        rendered: Resource = {
            "resourceType": "EpisodeOfCare",
            "id": id_,
            "meta": meta_of("EpisodeOfCare", id_),
            "status": episode.status,
            "patient": {"reference": f"Patient/{patient.id}"},
            **_period(episode.start, episode.end),
        }
        if named := _named(episode):
            rendered["managingOrganization"] = named
        if episode.temporary is not None:
            code = "temporary" if episode.temporary else "regular"
            rendered["type"] = [{"coding": [{"system": _REGISTRATION_TYPE, "code": code}]}]
        if episode.care:
            rendered["type"] = [{"text": episode.care}]
        yield rendered
