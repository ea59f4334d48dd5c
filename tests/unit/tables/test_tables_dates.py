"""FHIR dates as London days."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hi_fhir.core.days import LONDON
from hi_fhir.tables.dates import (
    NO_DAY,
    date_reader,
    first_day,
    last_day,
    london_day,
    london_day_number,
    london_days,
    read_span,
)
from hi_fhir.tables.refused import RefusedError

SPAN = (datetime(1925, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001  Hypothesis adds the zone


def days(text: str) -> tuple[str, str]:
    span = read_span(date_reader(), text, "$")
    return tuple((date(1970, 1, 1) + timedelta(days=day)).isoformat() for day in (first_day(span), last_day(span)))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("1931-05-06", "1931-05-06", "1931-05-06"),
        ("2024-06-30T23:30:00Z", "2024-07-01", "2024-07-01"),
        ("2024-12-31T23:30:00Z", "2024-12-31", "2024-12-31"),
        ("2024-06-30T23:30:00+01:00", "2024-06-30", "2024-06-30"),
        ("2024-03-31T00:30:00Z", "2024-03-31", "2024-03-31"),
        ("2024-10-27T00:30:00+01:00", "2024-10-27", "2024-10-27"),
        ("2024-10-26T23:30:00Z", "2024-10-27", "2024-10-27"),
        ("2024-05-03T10:15", "2024-05-03", "2024-05-03"),
        ("2024-05-03T23:59:59.999", "2024-05-03", "2024-05-03"),
        ("2024-05-03T20:00:00-11:00", "2024-05-04", "2024-05-04"),
    ],
)
def test_a_date_is_its_london_days(text: str, first: str, last: str) -> None:
    assert days(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["", "24", "2024-13", "2024-02-30", "2023-02-29", "2024-2-3", "20240203", "2024-05-03T", "2024-05-03 10:15:00Z",
     "2024-05-03T25:00:00Z", "2024-05-03T10:61:00Z", "2024-05-03T10:15:00+24:00", "2024-05-03T10:15:00Zz", "0000-01-01",
     "2024-05-0٣", "yesterday"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_span(date_reader(), text, "$.birthDate")
    assert (refused.value.kind, refused.value.path) == ("impossible-date", "$.birthDate")


@pytest.mark.parametrize("text", ["0001-01-01", "0001", "1899-12-30T00:00:00Z", "2200-01", "9999-12-31T23:59:59Z"])
def test_a_day_that_nobody_alive_can_have_had_stands_for_none(text: str) -> None:
    read = date_reader()
    assert read(text, "$") is NO_DAY
    assert read(text, "$") is NO_DAY
    assert read_span(read, text, "$") is None
    assert first_day(None) is last_day(None) is None


def test_the_first_and_the_last_day_that_can_be_are_themselves() -> None:
    assert days("1900-01-01") == ("1900-01-01", "1900-01-01")
    assert days("2199-12-31T12:00:00Z") == ("2199-12-31", "2199-12-31")


def test_an_instant_is_kept_to_the_microsecond() -> None:
    span, at = date_reader()("2024-05-03T10:15:00.1234567+01:00", "$")
    assert span is None
    assert at is not None
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at) == datetime(
        2024, 5, 3, 9, 15, 0, 123456, tzinfo=UTC
    )


@given(st.lists(st.datetimes(*SPAN), min_size=1))
def test_many_london_days_at_once_are_those_one_by_one(instants: list[datetime]) -> None:
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    micros = [(instant.replace(tzinfo=UTC) - origin) // timedelta(microseconds=1) for instant in instants]
    assert list(london_days(np.array(micros, dtype=np.int64))) == [london_day_number(value) for value in micros]


@given(st.datetimes(*SPAN, timezones=st.just(LONDON)))
def test_a_london_time_falls_on_the_day_it_is_written_with(moment: datetime) -> None:
    instant = moment.astimezone(UTC).astimezone(LONDON)
    assert days(instant.isoformat(timespec="seconds"))[0] == instant.date().isoformat()
    assert london_day(instant) == instant.date()
