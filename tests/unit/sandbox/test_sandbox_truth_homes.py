"""The home of the day in the sandbox's truth, held to the sentences of docs/explanation/rules.md one by one."""

from dataclasses import replace
from typing import Any

import pytest

from hi_fhir.sandbox.people.model import Address
from hi_fhir.sandbox.people.places import ENGLISH, LSOAS_2021, PLACES, UNLISTED
from hi_fhir.sandbox.truth.deprivation import deprivation_of
from hi_fhir.sandbox.truth.setting import USUAL
from tests.support.sandbox_people import a_patient, on

LEAST, MOST = ENGLISH[-1], ENGLISH[0]
DECILES = {one.text: -(-(one.place.rank_2025 or 0) * 10 // LSOAS_2021) for one in (LEAST, MOST) if one.place}


def _home(postcode: Any, since: str | None = None, until: str | None = None, **given: Any) -> Address:
    return Address(postcode, since=on(since) if since else None, until=on(until) if until else None, **given)


def _found(*homes: Address, as_of: str = "2025-03-31") -> Any:
    patient = a_patient(address=homes[0], further=homes[1:])
    return deprivation_of(patient, replace(USUAL, as_of=on(as_of).day), restricted=False)


@pytest.mark.parametrize(
    ("since", "until", "kind"),
    [
        ("2025-03-31", None, "linked"),
        ("2025-04-01", None, "no-postcode"),
        ("2020-01-01", "2025-03-31", "linked"),
        ("2020-01-01", "2025-03-30", "no-postcode"),
    ],
)
def test_a_home_is_one_from_its_first_day_to_its_last(since: str, until: str | None, kind: str) -> None:
    assert _found(_home(MOST, since, until)).kind == kind


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_home(MOST), _home(LEAST, until="2030-01-01")),
        (_home(MOST, until="2030-01-02"), _home(LEAST, until="2030-01-01")),
        (_home(MOST), _home(LEAST, use=None, since="2024-01-01")),
        (_home(MOST, "2021-01-01"), _home(LEAST, "2020-01-01")),
        (_home(MOST, "2021-01-01"), _home(LEAST)),
        (_home(MOST, until="2025-03-31"), _home(LEAST, since="2025-04-01")),
        (_home(MOST), _home(LEAST, use="temp")),
    ],
)
def test_of_several_homes_one_is_that_of_the_day_wherever_it_stands(first: Address, second: Address) -> None:
    assert _found(first, second).decile == _found(second, first).decile == DECILES[MOST.text]


def test_of_homes_that_are_equal_the_first_is_taken() -> None:
    assert _found(_home(MOST), _home(LEAST)).decile == DECILES[MOST.text]
    assert _found(_home(LEAST), _home(MOST)).decile == DECILES[LEAST.text]


def test_the_home_is_that_of_the_day_that_is_asked_about() -> None:
    homes = (_home(MOST, "2024-12-01"), _home(LEAST, None, "2024-11-30"))
    assert _found(*homes).decile == DECILES[MOST.text]
    assert _found(*homes, as_of="2024-09-30").decile == DECILES[LEAST.text]


def test_an_area_goes_with_its_address_and_that_of_the_patient_with_the_first_home_of_all() -> None:
    own = _home(UNLISTED[0], until="2025-06-01", area=PLACES[0], vintages=("lsoa21",))
    to_come = _home(UNLISTED[1], since="2025-06-02")
    assert _found(own, to_come).kind == "linked"
    assert _found(replace(own, area_on_patient=True), to_come).kind == "unknown-postcode"
    assert _found(replace(own, area_on_patient=True)).kind == "linked"


@pytest.mark.parametrize(("since", "until"), [("9999-12-31", None), ("1900-01-01", "1900-01-01"), (None, "0001-01-01")])
def test_a_day_that_cannot_be_neither_begins_nor_ends_a_home(since: str | None, until: str | None) -> None:
    assert _found(_home(MOST, since, until)).kind == "linked"
