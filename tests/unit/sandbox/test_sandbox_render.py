"""People as FHIR: valid R4, shaped as UK Core, the same every time, dated and referred to in every way."""

from collections import Counter
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import codes, make_people
from hi_fhir.sandbox.people.model import Address, Code, PatientLink, Reason, Record, Registration, VisitKind
from hi_fhir.sandbox.people.places import ENGLISH
from tests.support.sandbox_people import a_patient, a_person, a_record, at_practice, on, undated

RESOURCES = [resource for person in make_people(300, seed=1) for resource in render.resources(person)]


def _only(type_: str, person: Any) -> dict[str, Any]:
    (found,) = [one for one in render.resources(person) if one["resourceType"] == type_]
    return found


def test_every_resource_is_valid() -> None:
    for resource in [*render.organisation_resources(), *RESOURCES[:700]]:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_the_same_people_give_the_same_bytes() -> None:
    again = [resource for person in make_people(40, seed=1) for resource in render.resources(person)]
    assert orjson.dumps(again) == orjson.dumps(RESOURCES[: len(again)])


def test_resources_are_as_large_as_records_are() -> None:
    assert 1_250 < len(orjson.dumps(RESOURCES)) / len(RESOURCES) < 1_500


def test_every_type_is_there() -> None:
    assert set(Counter(one["resourceType"] for one in RESOURCES)) == {
        "Condition",
        "Encounter",
        "EpisodeOfCare",
        "Immunization",
        "MedicationRequest",
        "Observation",
        "Patient",
        "Procedure",
    }


def test_organisations_are_the_newest_so_that_they_date_the_data() -> None:
    newest = max(one["meta"]["lastUpdated"] for one in RESOURCES)
    assert newest < "2025-04-02"
    assert {one["meta"]["lastUpdated"][:10] for one in render.organisation_resources()} == {"2025-04-02"}


@pytest.mark.parametrize(
    ("way", "reference"),
    [
        ("relative", "Patient/somebody"),
        ("absolute", "http://sandbox.example.invalid/fhir/Patient/somebody"),
        ("versioned", "Patient/somebody/_history/2"),
    ],
)
def test_a_record_refers_to_its_patient(way: str, reference: str) -> None:
    person = a_person(records=(a_record("Procedure", reference=way),))
    assert _only("Procedure", person)["subject"] == {"reference": reference}


def test_a_record_may_name_its_patient_by_an_identifier_alone_or_one_of_another_server() -> None:
    local = {"system": "urn:hi-fhir:sandbox:local-number", "value": "somebody"}
    by_number = a_record("Procedure", reference="by-number", number="9990000018")

    def subject(record: Record) -> Any:
        return _only("Procedure", a_person(records=(record,)))["subject"]

    assert subject(by_number)["identifier"] == {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
    assert subject(a_record("Procedure", reference="by-identifier")) == {"identifier": local}
    elsewhere = {"reference": "https://elsewhere.example.invalid/fhir/Patient/somebody"}
    assert subject(a_record("Procedure", reference="elsewhere")) == elsewhere
    contained = _only("Procedure", a_person(records=(a_record("Procedure", reference="contained"),)))
    assert contained["subject"] == {"reference": "#subject"}
    assert contained["contained"] == [{"resourceType": "Patient", "id": "subject", "identifier": [local]}]


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (on("2024-05-06"), "2024-05-06"),
        (on("2024-05-01", precision="month"), "2024-05"),
        (on("2024-01-01", precision="year"), "2024"),
        (on("2024-05-06", clock="09:30"), "2024-05-06T09:30:00+01:00"),
        (on("2024-12-06", clock="09:30"), "2024-12-06T09:30:00+00:00"),
        (on("2024-04-01", clock="00:30", utc=True), "2024-03-31T23:30:00Z"),
    ],
)
def test_a_date_is_written_as_the_record_gives_it(when: Any, written: str) -> None:
    person = a_person(records=(a_record("Encounter", when=when),))
    assert _only("Encounter", person)["period"] == {"start": written}


def test_an_encounter_without_a_reason_has_none() -> None:
    assert "reasonCode" not in _only("Encounter", a_person(records=(a_record("Encounter", code=None),)))


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        (Reason("record", id="p"), {"reference": "Condition/p"}),
        (Reason("record", "Observation", "p"), {"reference": "Observation/p"}),
        (Reason("absolute", id="p"), {"reference": "http://sandbox.example.invalid/fhir/Condition/p"}),
        (Reason("elsewhere", id="p"), {"reference": "https://elsewhere.example.invalid/fhir/Condition/p"}),
        (Reason("contained"), {"reference": "#reason"}),
        (Reason("identifier"), {"identifier": {"system": "urn:hi-fhir:sandbox:problem", "value": "1"}}),
        (Reason("display"), {"display": "Feels unwell"}),
    ],
)
def test_an_encounter_refers_to_its_reason(reason: Reason, written: dict[str, Any]) -> None:
    encounter = _only("Encounter", a_person(records=(a_record("Encounter", None, reason=reason),)))
    assert encounter["reasonReference"] == [written]
    assert [one["id"] for one in encounter.get("contained", ())] == ["reason"] * (reason.way == "contained")


ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        (codes.ENCOUNTER_CLASSES[0], {"system": ACT_CODE, "code": "AMB", "display": "Seen without being admitted"}),
        (codes.ENCOUNTER_CLASS_WITHOUT_SYSTEM, {"code": "AMB", "display": "A code of no system"}),
        (codes.ENCOUNTER_CLASS_UNCODED, {"display": "Surgery"}),
        (
            None,
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                        "valueCode": "unknown",
                    }
                ]
            },
        ),
    ],
)
def test_an_encounter_says_its_class_or_that_it_has_none(stated: Code | None, written: dict[str, Any]) -> None:
    record = a_record("Encounter", visit=VisitKind(codes.ENCOUNTER_TYPE_UNCODED, stated))
    encounter = _only("Encounter", a_person(records=(record,)))
    assert encounter["class"] == written
    assert encounter["type"] == [{"text": "Consultation"}]


def test_an_observation_is_dated_by_a_timing() -> None:
    timed = a_record("Observation", events=(on("2024-07-01"), on("2024-06-03", clock="09:00")), bounds=on("2024-06-01"))
    observation = _only("Observation", a_person(records=(undated(timed),)))
    assert observation["effectiveTiming"] == {
        "event": ["2024-07-01", "2024-06-03T09:00:00+01:00"],
        "repeat": {"boundsPeriod": {"start": "2024-06-01"}},
    }
    assert "effectiveDateTime" not in observation


def test_dates_values_and_what_stands_for_them_are_of_many_types() -> None:
    elements = Counter(name for one in RESOURCES for name in one)
    parts = Counter(name for one in RESOURCES for part in one.get("component", ()) for name in part)
    dates = {"effectiveDateTime", "effectiveInstant", "effectivePeriod", "effectiveTiming", "issued"}
    others = {"onsetString", "onsetAge", "performedString", "valueInteger", "valueQuantity", "valueBoolean"}
    assert not (dates | others) - elements.keys()
    assert {"valueInteger", "valueQuantity"} <= parts.keys()


def test_what_a_patient_lacks_is_not_there() -> None:
    patient = _only("Patient", a_person(a_patient(sex=None, born=None, nhs_number=None, address=None, active=None)))
    assert not {"gender", "birthDate", "address", "active", "extension"} & patient.keys()
    assert [one["system"] for one in patient["identifier"]] == ["urn:hi-fhir:sandbox:local-number"]


def test_an_error_has_no_clinical_status() -> None:
    condition = _only("Condition", a_person(records=(a_record("Condition", status="entered-in-error"),)))
    assert condition["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" not in condition


def test_an_episode_says_what_it_is_of_and_may_name_no_organisation() -> None:
    programme = Registration("episode", None, care="Maternity care")
    episode = _only("EpisodeOfCare", a_person(a_patient(registrations=(programme,))))
    assert episode["type"] == [{"text": "Maternity care"}]
    assert "managingOrganization" not in episode


def test_every_address_is_there_with_its_days() -> None:
    homes = (Address(ENGLISH[0], until=on("2025-04-01")), Address(ENGLISH[3], since=on("2025-04-02")))
    first, second = _only("Patient", a_person(a_patient(address=homes[0], further=homes[1:])))["address"]
    assert (first["postalCode"], first["period"]) == (ENGLISH[0].text, {"end": "2025-04-01"})
    assert (second["postalCode"], second["period"]) == (ENGLISH[3].text, {"start": "2025-04-02"})


def test_registration_details_stand_beside_the_practice_that_the_patient_names() -> None:
    details = Registration("registration-details", None, on("2024-05-06"), temporary=False, status="inactive")
    patient = _only("Patient", a_person(a_patient(registrations=(details, at_practice()))))
    (extension,) = patient["extension"]
    assert extension["url"].endswith("/Extension-CareConnect-GPC-RegistrationDetails-1")
    parts = {part.pop("url"): part for part in extension["extension"]}
    assert parts["registrationPeriod"] == {"valuePeriod": {"start": "2024-05-06"}}
    codes = [parts[f"registration{name}"]["valueCodeableConcept"]["coding"][0]["code"] for name in ("Type", "Status")]
    assert codes == ["R", "I"]
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "XP001"


def test_an_old_code_says_that_it_is_one() -> None:
    named = _only("Patient", a_person(a_patient(registrations=(at_practice(is_old=True),))))
    assert named["generalPractitioner"][0]["identifier"]["use"] == "old"
    codes = {one["id"]: one["identifier"] for one in render.organisation_resources()}["practice-2"]
    assert [(code.get("use"), code["value"]) for code in codes] == [("old", "XA002"), (None, "XP002")]


def test_a_day_that_cannot_be_is_written_as_it_is() -> None:
    assert _only("Patient", a_person(a_patient(born=on("0001-01-01"))))["birthDate"] == "0001-01-01"


def test_a_link_names_the_other_patient_or_says_that_there_is_one() -> None:
    links = (PatientLink("replaces", "old"), PatientLink("seealso", None))
    assert _only("Patient", a_person(a_patient(links=links)))["link"] == [
        {"other": {"reference": "Patient/old"}, "type": "replaces"},
        {"other": {"display": "An earlier record"}, "type": "seealso"},
    ]
