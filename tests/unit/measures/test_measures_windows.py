"""The days that a window sees, both ends inclusive."""

from datetime import date, timedelta

import pytest

from hi_fhir.core.days import Period
from hi_fhir.measures import EVER, FINANCIAL_YEAR, IN_PERIOD, days, months, season, weeks
from hi_fhir.measures.words.windows import Days, days_of

PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))


@pytest.mark.parametrize(
    ("count", "as_of", "start"),
    [
        (12, date(2025, 3, 31), date(2024, 4, 1)),
        (9, date(2025, 3, 31), date(2024, 7, 1)),
        (1, date(2025, 3, 31), date(2025, 3, 1)),
        (12, date(2024, 12, 31), date(2024, 1, 1)),
        (12, date(2025, 2, 28), date(2024, 2, 29)),
        (12, date(2024, 2, 29), date(2023, 3, 1)),
        (15, date(2025, 3, 15), date(2023, 12, 16)),
    ],
)
def test_months_end_on_the_as_of_day(count: int, as_of: date, start: date) -> None:
    assert days_of(months(count), PERIOD, as_of) == (start, as_of)


def test_the_period_is_seen_from_its_start_to_the_as_of_day() -> None:
    assert days_of(IN_PERIOD, PERIOD, date(2024, 12, 31)) == (date(2024, 4, 1), date(2024, 12, 31))


def test_ever_goes_back_to_the_first_day_that_both_engines_know() -> None:
    assert days_of(EVER, PERIOD, PERIOD.end) == (date.min + timedelta(days=1), PERIOD.end)


@pytest.mark.parametrize(("window", "start"), [(days(1), 31), (days(7), 25), (weeks(1), 25), (weeks(4), 4)])
def test_days_and_weeks_end_on_the_as_of_day_which_is_one_of_them(window: Days, start: int) -> None:
    assert days_of(window, PERIOD, PERIOD.end) == (date(2025, 3, start), PERIOD.end)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (PERIOD, date(2024, 9, 1), date(2025, 3, 31)),
        (Period(date(2024, 4, 1), date(2024, 8, 31)), date(2023, 9, 1), date(2024, 3, 31)),
        (Period(date(2024, 4, 1), date(2024, 9, 1)), date(2024, 9, 1), date(2024, 9, 1)),
        (Period(date(2024, 12, 1), date(2024, 12, 31)), date(2024, 9, 1), date(2024, 12, 31)),
    ],
)
def test_a_season_is_the_last_that_began_by_the_end_of_the_period(period: Period, start: date, end: date) -> None:
    assert days_of(season((9, 1), (3, 31)), period, period.end) == (start, end)


def test_a_season_that_is_still_to_come_on_the_as_of_day_has_no_days() -> None:
    start, end = days_of(season((9, 1), (3, 31)), PERIOD, date(2024, 6, 30))

    assert end < start


def test_a_season_may_end_with_february() -> None:
    winter = season((12, 1), (2, 29))

    assert days_of(winter, PERIOD, PERIOD.end) == (date(2024, 12, 1), date(2025, 2, 28))
    assert days_of(winter, Period(date(2024, 1, 1), date(2024, 3, 31)), date(2024, 3, 31))[1] == date(2024, 2, 29)


def test_no_season_begins_on_a_day_that_no_year_has() -> None:
    with pytest.raises(ValueError, match="day"):
        season((2, 30), (3, 31))


def test_the_financial_year_is_that_of_the_end_of_the_period() -> None:
    quarter = Period(date(2025, 1, 1), date(2025, 3, 31))

    assert days_of(FINANCIAL_YEAR, quarter, quarter.end) == (date(2024, 4, 1), date(2025, 3, 31))
    assert days_of(FINANCIAL_YEAR, Period(date(2025, 1, 1), date(2025, 4, 1)), date(2025, 4, 1))[0] == date(2025, 4, 1)
