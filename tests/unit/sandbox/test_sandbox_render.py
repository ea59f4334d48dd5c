"""People as FHIR: valid R4, shaped as UK Core, the same every time, dated and referred to in every way."""

from collections import Counter
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import Address, Record, Registration
from hi_fhir.sandbox.people.places import ENGLISH
from tests.support.sandbox_people import a_patient, a_person, a_record, on

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
