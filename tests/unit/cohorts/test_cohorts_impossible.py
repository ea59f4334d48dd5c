"""Dates of a life that cannot be, from FHIR to the person: unknown, each counted, and a death of long ago a death."""

from typing import Any

import pytest

from tests.support.resolving import resolve_records

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
LONG_AGO = ("0001-01-01", "0001", "1753-01-01", "1899-12-30", "1900-01-01", "0001-01-01T00:00:00Z")
FAR_AHEAD = ("2199-12-31", "9999-12-31", "9999-12-31T00:00:00Z")
NEVER = dict(zip((f"p{number}" for number in range(9)), (*LONG_AGO, *FAR_AHEAD), strict=True))
"""Such a day for each of some patients."""


def coded(code: str, **period: str) -> dict[str, Any]:
    return {"system": ODS, "value": code, **({"period": period} if period else {})}


def patient(id_: str, **fields: Any) -> dict[str, Any]:
    born = {"resourceType": "Patient", "id": id_, "gender": "female", "birthDate": "1960-05-05"}
    return {**born, "managingOrganization": {"identifier": coded("A99001")}, **fields}


def test_a_birth_of_such_a_day_gives_no_age_and_is_counted(tmp_path):
    resolved = resolve_records(tmp_path, *(patient(id_, birthDate=day) for id_, day in NEVER.items()))

    assert {(resolved[id_]["practice_id"], resolved[id_]["age"]) for id_ in NEVER} == {("A99001", None)}
    assert resolved["found"].impossible_dates == {"birth": len(NEVER)}


def test_a_death_of_long_ago_is_one_and_one_that_is_far_ahead_is_none_yet(tmp_path):
    found = resolve_records(tmp_path, *(patient(id_, deceasedDateTime=day) for id_, day in NEVER.items()))["found"]

    assert (found.registered, found.not_registered_by_reason) == (len(FAR_AHEAD), {"dead": len(LONG_AGO)})
    assert found.impossible_dates == {"death": len(NEVER)}


@pytest.mark.parametrize("end", [pytest.param("start", marks=pytest.mark.slow), "end"])
def test_such_a_day_neither_begins_nor_ends_a_registration_or_a_home(tmp_path, end):
    records = [
        patient(
            id_,
            managingOrganization={"identifier": coded("A99001", **{end: day})},
            address=[{"postalCode": "A1 1AA", "period": {end: day}}],
        )
        for id_, day in NEVER.items()
    ]

    found = resolve_records(tmp_path, *records)["found"]

    assert (found.registered, found.deprivation) == (len(NEVER), {"unknown-postcode": len(NEVER)})
    assert found.impossible_dates == {"home": len(NEVER), "registration": len(NEVER)}


@pytest.mark.parametrize("end", [pytest.param("start", marks=pytest.mark.slow), "end"])
def test_such_a_day_neither_begins_nor_ends_the_code_of_an_organisation(tmp_path, end):
    organisations = [
        {"resourceType": "Organization", "id": id_, "identifier": [coded(f"A9900{id_[1:]}", **{end: day})]}
        for id_, day in NEVER.items()
    ]
    records = [patient(id_, managingOrganization={"reference": f"Organization/{id_}"}) for id_ in NEVER]

    resolved = resolve_records(tmp_path, *records, *organisations)

    assert [resolved[id_]["practice_id"] for id_ in NEVER] == [f"A9900{id_[1:]}" for id_ in NEVER]
    assert resolved["found"].impossible_dates == {"code": len(NEVER)}


def test_an_episode_that_is_finished_on_no_day_that_can_be_is_over(tmp_path):
    ends = {"p0": {}, "p1": {"end": "9999-12-31"}, "p2": {"end": "0001-01-01"}, "p3": {"end": "2025-03-31"}}
    episodes = [
        {
            "resourceType": "EpisodeOfCare",
            "id": id_,
            "status": "finished",
            "patient": {"reference": f"Patient/{id_}"},
            "managingOrganization": {"identifier": coded("A99001")},
            "period": {"start": "2020-01-01", **end},
        }
        for id_, end in ends.items()
    ]

    resolved = resolve_records(tmp_path, *map(patient, ends), *episodes)

    assert [id_ for id_ in ends if resolved[id_]["registered"]] == ["p3"]
    assert resolved["found"].not_registered_by_reason == {"left": 3}
