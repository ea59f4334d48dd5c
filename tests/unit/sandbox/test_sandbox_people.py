"""The people of the sandbox: the same for a seed, with numbers and ids of their own."""

from collections import Counter
from random import Random

import pytest

from hi_fhir.core.errors import ConfigError
from hi_fhir.sandbox import render
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.identity import MOST_PEOPLE, nhs_number
from tests.support.sandbox_people import a_thousand


def test_a_seed_makes_the_same_people() -> None:
    assert tuple(make_people(30, seed=5)) == tuple(make_people(30, seed=5))


def test_another_seed_makes_others() -> None:
    assert tuple(make_people(30, seed=5)) != tuple(make_people(30, seed=6))


def test_the_first_of_many_are_those_of_few() -> None:
    assert tuple(make_people(1000, seed=1)[:20]) == a_thousand()[:20] == tuple(make_people(20, seed=1))


def test_one_of_very_many_is_made_without_the_others() -> None:
    last = make_people(100_000, seed=1)[-1]
    assert last.patients[0].id == "sandbox-099999"


def test_more_people_than_there_are_numbers_for_are_refused() -> None:
    with pytest.raises(ConfigError, match="no more than 400,000"):
        make_people(MOST_PEOPLE + 1, seed=1)


def test_people_of_the_second_half_have_numbers_of_their_own() -> None:
    half, some = MOST_PEOPLE // 2, 100
    numbers = {nhs_number(Random(1), index) for first in (0, half) for index in range(first, first + some)}
    assert len(numbers) == 2 * some


def test_no_two_people_share_a_number_and_all_are_in_the_test_range() -> None:
    numbers = [
        {
            p.nhs_number.value
            for p in one.patients
            if p.nhs_number and p.nhs_number.standing not in ("placeholder", "shared")
        }
        for one in a_thousand()
    ]
    assert all(len(own) < 2 for own in numbers)
    flat = [number for own in numbers for number in own]
    assert len(set(flat)) == len(flat)
    assert all(number.startswith("999") and len(number) == 10 for number in flat)


def test_a_check_digit_is_right_but_where_the_number_is_to_be_invalid() -> None:
    for patient in (patient for person in a_thousand() for patient in person.patients):
        if patient.nhs_number:
            digits = [int(digit) for digit in patient.nhs_number.value]
            remainder = sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
            is_right = (11 - remainder) % 11 == digits[9]
            assert is_right == (patient.nhs_number.standing != "invalid")


def test_no_two_records_share_an_id() -> None:
    ids = Counter((r["resourceType"], r["id"]) for one in a_thousand() for r in render.resources(one))
    assert max(ids.values()) == 1


def test_a_person_has_about_35_resources() -> None:
    assert 33 <= sum(1 for one in a_thousand() for _ in render.resources(one)) / len(a_thousand()) <= 37
