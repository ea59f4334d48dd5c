"""Births to come and days of a life that cannot be in the sandbox's truth, sentence by sentence of the rules."""

from typing import Any

import pytest

from hi_fhir.sandbox.people.model import Death
from hi_fhir.sandbox.truth import Truth, TruthSetting, expected
from hi_fhir.sandbox.truth.registered import registration_of
from tests.support.sandbox_people import a_patient, a_person, at_practice, on


def _truth(**given: Any) -> Truth:
    return expected([a_person(a_patient(**given))])


@pytest.mark.parametrize(
    ("born", "reason"), [("2025-03-31", "registered"), ("2025-04-01", "not-born"), ("2052-06-01", "not-born")]
)
def test_whoever_is_born_after_the_day_is_not_registered_on_it(born: str, reason: str) -> None:
    assert registration_of(a_person(a_patient(born=on(born)))).reason == reason
    assert registration_of(a_person(a_patient(born=on(born), death=Death(None)))).reason == "dead"


def test_the_day_is_that_which_is_asked_about() -> None:
    born = a_person(a_patient(born=on("2024-09-30")))
    days = {day: expected([born], TruthSetting(as_of=on(day).day)).reasons for day in ("2024-09-29", "2024-09-30")}
    assert days == {"2024-09-29": {"not-born": 1}, "2024-09-30": {"registered": 1}}


@pytest.mark.parametrize("born", ["0001-01-01", "1753-01-01", "1899-12-30", "1905-04-01", "2999-01-01", "9999-12-31"])
def test_a_birth_of_a_day_that_cannot_be_gives_no_age(born: str) -> None:
    truth = _truth(born=on(born))
    assert truth.counts["ethnicity-recorded", "XP001", "age-band", "unknown", "denominator"] == 1
    assert truth.people()["impossible_dates"] == {"birth": 1}


def test_the_oldest_that_can_be_is_119() -> None:
    truth = _truth(born=on("1905-04-02"))
    assert truth.counts["ethnicity-recorded", "XP001", "age-band", "80+", "denominator"] == 1
    assert truth.people()["impossible_dates"] == {}


@pytest.mark.parametrize(("died", "reason"), [("0001-01-01", "dead"), ("9999-12-31", "registered")])
def test_a_death_of_long_ago_is_one_and_one_that_is_far_ahead_is_none_yet(died: str, reason: str) -> None:
    truth = _truth(death=Death(on(died)))
    assert (dict(truth.reasons), truth.people()["impossible_dates"]) == ({reason: 1}, {"death": 1})


@pytest.mark.parametrize(("start", "end"), [("0001-01-01", None), ("9999-12-31", None), ("2020-01-01", "1900-01-01")])
def test_such_a_day_neither_begins_nor_ends_a_registration(start: str, end: str | None) -> None:
    truth = _truth(registrations=(at_practice(start=start, end=end),))
    assert (dict(truth.reasons), truth.people()["impossible_dates"]) == ({"registered": 1}, {"registration": 1})


def test_an_episode_that_is_finished_on_such_a_day_is_over() -> None:
    over = at_practice(kind="episode", status="finished", end="9999-12-31")
    assert _truth(registrations=(over,)).reasons == {"left": 1}
