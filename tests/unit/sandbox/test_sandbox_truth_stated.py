"""What states a registration in the sandbox's truth, held to the sentences of docs/explanation/rules.md one by one."""

from collections.abc import Sequence
from typing import Any

import pytest

from hi_fhir.sandbox.people.model import Death, PatientLink, Registration
from hi_fhir.sandbox.people.places import BRANCH, GONE, HOSPITAL, NO_PRACTICE, PRACTICES
from hi_fhir.sandbox.truth import expected
from hi_fhir.sandbox.truth.registered import RegistrationStatus, registration_of
from tests.support.sandbox_people import a_patient, a_person, at_practice, on


def _episode(**given: Any) -> Registration:
    return at_practice(**{"kind": "episode", "start": "2024-06-01", **given})


def _registration(*registrations: Registration) -> RegistrationStatus:
    return registration_of(a_person(a_patient(registrations=registrations)))


def _left_out(*registrations: Registration, **given: Any) -> Any:
    return expected([a_person(a_patient(registrations=registrations, **given))]).people()["registrations_left_out"]


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (_episode(care="Maternity care"), "episode-of-another-type"),
        (_episode(care="Maternity care", practice=None), "episode-of-another-type"),
        (_episode(practice=HOSPITAL), "not-a-practice"),
        (_episode(practice=HOSPITAL, temporary=False), "not-a-practice"),
        (at_practice(practice=HOSPITAL, kind="managing-organization", by_identifier=False), "not-a-practice"),
        (at_practice(practice=NO_PRACTICE), "not-a-practice"),
        (_episode(practice=None), "no-organisation"),
        (_episode(practice=None, temporary=False), "no-organisation"),
        (_episode(practice=GONE, by_identifier=False), "no-organisation"),
        (_episode(practice=GONE), "episode-of-an-unknown-organisation"),
    ],
)
def test_what_is_no_registration_with_a_practice_states_nothing_and_is_counted(stated: Registration, why: str) -> None:
    assert _registration(stated).reason == "no-registration"
    assert _registration(at_practice(2), stated).practice == "XP002"
    assert _left_out(stated) == {why: 1}
    assert _left_out(stated, death=Death(None)) == {why: 1}


@pytest.mark.parametrize("stated", [_episode(practice=GONE, temporary=False), at_practice(practice=GONE)])
def test_an_organisation_that_cannot_be_told_counts_for_all_but_an_untyped_episode(stated: Registration) -> None:
    assert _registration(stated).practice == "XZ001"
    assert _left_out(stated) == {}


def test_an_episode_of_a_status_that_is_no_registration_is_not_left_out_it_is_none() -> None:
    assert _left_out(_episode(practice=HOSPITAL, status="planned")) == {}


@pytest.mark.parametrize(
    "stated",
    [
        [at_practice(practice=BRANCH)],
        [at_practice(practice=BRANCH, by_identifier=False)],
        [_episode(practice=BRANCH)],
        [at_practice(practice=BRANCH), at_practice(3)],
    ],
)
def test_the_people_of_a_branch_surgery_are_its_practices(stated: Sequence[Registration]) -> None:
    found = _registration(*stated)
    assert (found.practice, found.conflict) == (PRACTICES[2].ods_code, False)


def test_a_branch_surgery_and_another_practice_on_one_day_are_a_conflict() -> None:
    found = _registration(at_practice(practice=BRANCH), at_practice(8))
    assert (found.practice, found.conflict) == (PRACTICES[2].ods_code, True)


def test_what_is_left_out_of_a_replaced_record_and_of_one_who_opted_out_is_counted_too() -> None:
    old = a_patient(
        id="old", links=(PatientLink("replaced-by", "somebody"),), registrations=(_episode(practice=HOSPITAL),)
    )
    truth = expected([a_person(a_patient(), old)])
    assert truth.people()["registrations_left_out"] == {"not-a-practice": 1}


def _details(start: str = "2024-01-01", end: str | None = None, **given: Any) -> Registration:
    return at_practice(practice=None, kind="registration-details", start=start, end=end, **given)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (_details(), "registered"),
        (_details(temporary=True), "temporary"),
        (_details(start="2025-04-01"), "not-begun"),
        (_details(end="2025-03-31"), "registered"),
        (_details(end="2025-03-30"), "left"),
        (_details(status="inactive"), "left"),
        (_details(status="inactive", end="9999-12-31"), "left"),
        (_details(status="inactive", end="2025-03-31"), "registered"),
        (_details(status="leaving"), "registered"),
    ],
)
def test_registration_details_are_of_the_practice_beside_them_and_go_before_it(
    details: Registration, reason: str
) -> None:
    assert _registration(details, at_practice()).reason == reason
    assert _registration(details, at_practice(2, kind="episode")).practice == "XP002"
    assert _registration(details).reason == "no-registration"
    assert _left_out(details) == {"no-organisation": 1}


def test_registration_details_tell_since_when_and_no_longer_than_their_practice_is_named() -> None:
    found = _registration(at_practice(2), _details(), at_practice(kind="managing-organization"))
    assert (found.practice, found.since) == ("XP001", on("2024-01-01").day)
    assert _registration(_details(), at_practice(end="2025-03-30")).reason == "left"


def test_a_registration_that_is_pending_is_none_yet() -> None:
    pending = _details(start="2025-04-01", status="pending")
    assert _registration(pending, at_practice(2)).practice == "XP002"
    assert _left_out(pending) == {}


def test_registration_details_of_what_is_no_practice_are_left_out() -> None:
    assert _left_out(_details(), at_practice(practice=HOSPITAL)) == {"not-a-practice": 2}


def test_a_code_of_use_old_names_nothing() -> None:
    old = at_practice(2, is_old=True, start="2024-01-01")
    assert _registration(old).reason == "no-registration"
    assert _registration(old, _details(), at_practice()).practice == "XP001"
    assert _left_out(old) == {}
