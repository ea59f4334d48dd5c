"""Periods, months and ages at their edges."""

from datetime import date

import pytest

from hi_fhir.core.days import Period, age_on, months_before, months_to


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1970, 6, 15), date(2025, 6, 14), 54),
        (date(1970, 6, 15), date(2025, 6, 15), 55),
        (date(2004, 2, 29), date(2025, 2, 28), 20),
        (date(2004, 2, 29), date(2025, 3, 1), 21),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2025, 1, 1), date(2025, 1, 1), 0),
    ],
)
def test_a_year_of_age_is_completed_on_the_birthday(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2025, 3, 31), 12, date(2024, 3, 31)),
        (date(2025, 3, 31), 1, date(2025, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2025, 1, 15), 2, date(2024, 11, 15)),
        (date(2025, 1, 15), 0, date(2025, 1, 15)),
    ],
)
def test_months_earlier_is_the_same_day_or_the_months_last(day: date, months: int, earlier: date) -> None:
    assert months_before(day, months) == earlier


def test_both_ends_of_a_period_are_in_it() -> None:
    period = months_to(date(2025, 3, 31), 12)

    assert period == Period(date(2024, 4, 1), date(2025, 3, 31))
    assert period.start in period
    assert period.end in period
    assert date(2025, 4, 1) not in period


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="starts 2025-01-02 after it ends 2025-01-01"):
        Period(date(2025, 1, 2), date(2025, 1, 1))
