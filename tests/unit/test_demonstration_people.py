"""The demo's people: of twelve practices, with a year before and differences, and the same people all the while."""

from collections import Counter
from datetime import date, timedelta

import pytest

from hi_fhir.demonstration.bay_people import bay_people
from hi_fhir.demonstration.main_job import PERIODS
from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.places import BAY_PRACTICES, BAYS
from hi_fhir.sandbox.truth import areas, expected
from hi_fhir.sandbox.truth.setting import TruthSetting

PEOPLE = bay_people(600, 1)


def share(period: int, stratifier: str, stratum: str, measure: str = "smoking-status-recorded") -> float:
    asked = PERIODS[period]
    truth = expected(PEOPLE, TruthSetting((asked.start, asked.end), asked.end, region=BAYS))
    people = Counter[str]()
    for (of, _, by, one, population), count in truth.counts.items():
        people[population] += count if (of, by, one) == (measure, stratifier, stratum) else 0
    return people["numerator"] / people["denominator"]


def test_they_are_the_same_people_and_the_same_ones_for_a_seed() -> None:
    ids = [person.patients[0].id for person in make_people(600, 1)]

    assert [person.patients[0].id for person in PEOPLE] == ids
    assert bay_people(20, 1) == PEOPLE[:20]


def test_all_are_registered_with_twelve_practices_of_two_networks_of_one_board() -> None:
    truth = expected(PEOPLE, TruthSetting(region=BAYS))
    practices = {cell[1] for cell in truth.counts}
    belong = [one for code, one in areas(region=BAYS).items() if code in practices]

    assert practices == {one.ods_code for one in BAY_PRACTICES}
    assert Counter(one.pcn.ods_code for one in belong if one.pcn) == {"XN11": 6, "XN12": 6}
    assert {one.icb.ods_code for one in belong} == {"XI3"}


def test_every_organisation_that_they_name_by_reference_is_there_or_is_nowhere_in_the_sandbox_either() -> None:
    there = {one["id"] for one in render.organisation_resources(BAYS)}
    named = {
        one.practice.id
        for person in PEOPLE
        for patient in person.patients
        for one in patient.registrations
        if one.practice and not one.by_identifier
    }

    assert named - there <= {"gone", ""}


def test_a_record_of_the_year_before_is_that_of_a_year_later_but_for_its_days() -> None:
    records = {one.id: one for person in PEOPLE for one in person.records}
    before = {id_: one for id_, one in records.items() if id_.endswith("-before")}
    resources = [one for person in PEOPLE for one in render.resources(person)]

    assert len(before) > 500
    assert len({(one["resourceType"], one["id"]) for one in resources}) == len(resources)
    for id_, one in before.items():
        later = records.get(id_.removesuffix("-before"))
        assert later is None or (later.when and one.when and later.when.day - one.when.day == timedelta(days=365))


def test_more_is_recorded_from_year_to_year_and_less_of_the_most_deprived() -> None:
    shares = [share(place, "all", "all") for place in range(len(PERIODS))]

    assert shares == sorted(shares)
    assert shares[-1] - shares[0] > 0.05
    assert share(-1, "core20", "rest") - share(-1, "core20", "core20") > 0.1


@pytest.mark.parametrize("place", range(1, 4))
def test_each_period_is_a_year_that_ends_a_quarter_later(place: int) -> None:
    before, now = PERIODS[place - 1], PERIODS[place]

    assert 360 < (now.end - now.start).days < 367
    assert 88 < (now.end - before.end).days < 93
    assert (now.end + timedelta(days=1)).day == 1
    assert PERIODS[-1].end == date(2025, 3, 31)
