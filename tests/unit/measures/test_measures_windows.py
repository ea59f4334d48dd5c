"""The days that a window sees, both ends inclusive."""

from datetime import date, timedelta

import pytest

from hi_fhir.core.days import Period
from hi_fhir.measures import EVER, IN_PERIOD, months
from hi_fhir.measures.words.windows import days_of

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
