"""What a record must say to register somebody, from FHIR to the practice."""

from datetime import date
from typing import Any

import pytest

from tests.support.resolving import Told, resolve_cases, resolve_records

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
DETAILS = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-RegistrationDetails-1"
STU3_ROLE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ODSAPI-OrganizationRole-1"
R4_ROLE = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
ROLES = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole"

PRACTICE = {"identifier": {"system": ODS, "value": "A99001"}}


def patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-05", "gender": "female", **fields}


def episode(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "EpisodeOfCare",
        "id": "e1",
        "status": "active",
        "patient": {"reference": "Patient/p1"},
        "managingOrganization": {"reference": "Organization/o1"},
        "period": {"start": "2020-01-01"},
        **fields,
    }


def organisation(*codes: str | dict[str, Any], id_: str = "o1", **fields: Any) -> dict[str, Any]:
    stated = [{"system": ODS, **({"value": code} if isinstance(code, str) else code)} for code in codes]
    return {"resourceType": "Organization", "id": id_, "name": id_, "identifier": stated, **fields}


def details(**parts: Any) -> dict[str, Any]:
    """The registration details with period, type and status, those that are given."""
    kinds = {"period": "valuePeriod", "type": "valueCodeableConcept", "status": "valueCodeableConcept"}
    stated = [
        {
            "url": f"registration{name.title()}",
            kinds[name]: value if name == "period" else {"coding": [{"code": value}]},
        }
        for name, value in parts.items()
    ]
    location = {"url": "preferredBranchSurgery", "valueReference": {"reference": "Location/b1"}}
    return {"url": DETAILS, "extension": [*stated, location]}


def role(code: str, **parts: bool) -> dict[str, Any]:
    concept = {"url": "roleCode", "valueCodeableConcept": {"coding": [{"system": ROLES, "code": code}]}}
    active = [{"url": "active", "valueBoolean": parts["active"]}] if parts else []
    return {"url": R4_ROLE, "extension": [{"url": "instanceID", "valueInteger": 1}, concept, *active]}


WHEREVER = [patient(generalPractitioner=[{"reference": "Organization/x"}]), episode()]
PRACTICES = {
    "by its code": organisation("A99011"),
    "by its type": organisation("X1", type=[{"text": "GP Practice"}]),
    "by the code of its type": organisation("X2", type=[{"coding": [{"system": ROLES, "code": "RO76"}]}]),
    "by one of its roles": organisation("X3", extension=[role("RO177"), role("RO76")]),
    "by a role that is active": organisation("X4", extension=[role("RO279"), role("RO76", active=True)]),
    "by its code, since a cost centre may be one": organisation("A99012", extension=[role("RO177")]),
    "by its role in Scotland": organisation("X6", extension=[role("RO227")]),
    "by its role in Northern Ireland": organisation("X7", extension=[role("RO315")]),
    "by a role of STU3": organisation(
        "X5", extension=[{"url": STU3_ROLE, "extension": [{"url": "role", "valueCoding": {"code": "76"}}]}]
    ),
}
NAMED = [patient(generalPractitioner=[PRACTICE]), episode()]
ELSEWHERE = {
    "nothing known": (organisation("X11"), "episode-of-an-unknown-organisation"),
    "a provider": (organisation("X12", type=[{"text": "Healthcare Provider"}]), "episode-of-an-unknown-organisation"),
    "another prescriber": (organisation("A99021", extension=[role("RO177"), role("RO87")]), "not-a-practice"),
    "a trust": (organisation("A99022", extension=[role("RO197")]), "not-a-practice"),
    "a practice no more": (
        organisation("X13", extension=[role("RO76", active=False)]), "episode-of-an-unknown-organisation",
    ),
    "a trust by type": (organisation("A99023", type=[{"text": "NHS Trust"}]), "not-a-practice"),
    "a network": (organisation("U99001"), "not-a-practice"),
    "no code": (organisation(), "no-organisation"),
}  # fmt: skip
OF_NO_PRACTICE = ["V81997", "V81998", "V81999"]
ELEMENTS = ["managingOrganization", "generalPractitioner"]
NAMES_WITHIN = ["#o1", "#o2", "#gp", "#nobody"]
WITHIN = [
    organisation("A99001"),
    organisation("A99002", id_="o2", type=[{"text": "hospital"}]),
    {"resourceType": "Practitioner", "id": "gp", "identifier": [{"system": ODS, "value": "A99003"}]},
]
PRACTITIONERS = ["Practitioner/g1", "PractitionerRole/g1", "urn:uuid:g1"]
DETAILS_ALONE: list[tuple[dict[str, Any], str | None]] = [
    ({"type": "T"}, "temporary"),
    ({"type": "E"}, "temporary"),
    ({"type": "P"}, "temporary"),
    ({"period": {"start": "2020-01-01", "end": "2025-03-30"}}, "left"),
    ({"period": {"start": "2025-04-01"}}, "not-begun"),
    ({"status": "I"}, "left"),
    ({"status": "D"}, None),
    ({"status": "I", "period": {"end": "2025-03-31"}}, None),
    ({"period": {"end": "2025-03-31"}}, None),
    ({"status": "R", "period": {"start": "2025-04-01"}}, None),
]


def naming_one_within(element: str, named: str) -> dict[str, Any]:
    reference: Any = {"reference": named}
    return patient(contained=WITHIN, **{element: [reference] if element == "generalPractitioner" else reference})


def of_no_practice(code: str) -> dict[str, Any]:
    none = {"identifier": {"system": ODS, "value": code}}
    return patient(generalPractitioner=[none], managingOrganization=PRACTICE)


CASES: dict[Any, list[dict[str, Any]]] = {
    **{name: [*WHEREVER, known] for name, known in PRACTICES.items()},
    **{name: [*NAMED, known] for name, (known, _) in ELSEWHERE.items()},
    **{code: [of_no_practice(code)] for code in OF_NO_PRACTICE},
    **{(element, id_): [naming_one_within(element, id_)] for element in ELEMENTS for id_ in NAMES_WITHIN},
    **{reference: [patient(generalPractitioner=[{"reference": reference}])] for reference in PRACTITIONERS},
    **{
        number: [patient(extension=[details(**stated)], managingOrganization=PRACTICE)]
        for number, (stated, _) in enumerate(DETAILS_ALONE)
    },
}
"""Patients who have nothing to do with each other, and cost one resolve together."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Told]:
    return resolve_cases(tmp_path_factory.mktemp("cases"), CASES)


@pytest.mark.slow
def test_a_programme_or_a_hospitals_episode_is_no_registration(tmp_path):
    programme = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/episodeofcare-type", "code": "diab"}]}
    records = (
        patient(generalPractitioner=[PRACTICE]),
        organisation("RXX01"),
        episode(type=[programme]),
        episode(id="e2"),
    )

    resolved = resolve_records(tmp_path, *records)

    assert (resolved["p1"]["practice_id"], resolved["p1"]["registered_on"]) == ("A99001", None)
    assert resolved["found"].registrations_left_out == {"episode-of-another-type": 1, "not-a-practice": 1}


def test_a_programme_at_a_practice_is_no_registration_there(tmp_path):
    records = (
        patient(generalPractitioner=[PRACTICE]),
        organisation("A99002"),
        episode(type=[{"text": "Smoking cessation"}], status="finished"),
    )

    assert resolve_records(tmp_path, *records)["p1"]["practice_id"] == "A99001"


@pytest.mark.parametrize("known", PRACTICES)
def test_an_untyped_episode_at_a_practice_is_a_registration(told, known):
    assert told[known].person["registered_on"] == date(2020, 1, 1)
    assert told[known].left_out == {"no-organisation": 1}


@pytest.mark.parametrize("known", ELSEWHERE)
def test_an_untyped_episode_elsewhere_is_none(told, known):
    assert told[known].person["registered_on"] is None
    assert told[known].person["practice_id"] == "A99001"
    assert told[known].left_out == {ELSEWHERE[known][1]: 1}


def test_a_type_that_says_registration_needs_no_organisation_that_is_known_to_be_a_practice(tmp_path):
    typed = episode(type=[{"text": "Regular"}])

    assert resolve_records(tmp_path, patient(), organisation("X1"), typed)["p1"]["practice_id"] == "X1"


@pytest.mark.slow
def test_a_code_of_use_old_is_passed_over(tmp_path):
    replaced = organisation({"value": "A00001", "use": "old"}, {"value": "A99002", "use": "official"})
    records = (patient(managingOrganization={"reference": "Organization/o1"}), replaced)

    assert resolve_records(tmp_path, *records)["p1"]["practice_id"] == "A99002"


def test_a_reference_by_an_old_code_states_nothing(tmp_path):
    old = {"identifier": {"system": ODS, "value": "A00001", "use": "old"}}

    found = resolve_records(tmp_path, patient(generalPractitioner=[old]))["found"]

    assert found.not_registered_by_reason == {"no-registration": 1}


def test_a_code_that_ended_names_nobodys_practice_afterwards(tmp_path):
    ended = {"identifier": {"system": ODS, "value": "A00001", "period": {"end": "2025-03-30"}}}

    found = resolve_records(tmp_path, patient(managingOrganization=ended))["found"]

    assert found.not_registered_by_reason == {"left": 1}


@pytest.mark.parametrize("code", OF_NO_PRACTICE)
def test_the_codes_for_no_practice_are_none(told, code):
    assert (told[code].person["registered"], told[code].left_out) == (True, {"not-a-practice": 1})


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("named", NAMES_WITHIN)
def test_an_organisation_within_the_record_is_found_there(told, element, named):
    assert told[element, named].person["practice_id"] == ("A99001" if named == "#o1" else None)


@pytest.mark.slow
def test_an_episode_may_have_its_practice_within_itself(tmp_path):
    own = episode(contained=[organisation("A99001")], managingOrganization={"reference": "#o1"})

    assert resolve_records(tmp_path, patient(), own)["p1"]["registered_on"] == date(2020, 1, 1)


@pytest.mark.parametrize("reference", PRACTITIONERS)
def test_a_practitioner_is_no_practice(told, reference):
    assert told[reference].reason == "no-registration"


def test_registration_details_give_the_days_and_the_type_of_a_registration_with_the_managing_organisation(tmp_path):
    regular = details(period={"start": "2021-05-06"}, type="R", status="A")
    other = {"identifier": {"system": ODS, "value": "A99009"}}
    stated = patient(extension=[regular], managingOrganization=PRACTICE, generalPractitioner=[other])

    person = resolve_records(tmp_path, stated)["p1"]

    assert (person["practice_id"], person["registered_on"]) == ("A99001", date(2021, 5, 6))


@pytest.mark.parametrize("number", range(len(DETAILS_ALONE)))
def test_registration_details_decide_before_what_the_patient_names(told, number):
    assert told[number].reason == DETAILS_ALONE[number][1]


@pytest.mark.slow
def test_registration_details_that_name_nobody_are_of_the_practice_that_the_source_is(tmp_path):
    left = patient(extension=[details(period={"end": "2020-01-01"})])

    alone = resolve_records(tmp_path / "alone", left)["found"]
    own = resolve_records(tmp_path / "own", left, practice="A99001")["found"]

    assert (alone.not_registered_by_reason, alone.registrations_left_out) == (
        {"no-registration": 1},
        {"no-organisation": 1},
    )
    assert own.not_registered_by_reason == {"left": 1}


def test_an_episode_decides_before_registration_details(tmp_path):
    stated = patient(extension=[details(type="T")], managingOrganization=PRACTICE)

    assert resolve_records(tmp_path, stated, organisation("A99002"), episode())["p1"]["practice_id"] == "A99002"
