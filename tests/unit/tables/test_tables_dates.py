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
    day_of_instant,
    first_day,
    last_day,
    london_day,
    london_day_number,
    london_days,
    order_of,
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
     "2024-05-03T24:00:00Z", "2024-05-03T10:60:00Z", "2024-05-03T10:15:61Z", "2024-05-03T10:15:00+15:00",
     "2024-05-03T10:15:00+01:60", "2024-05-03T10:15:00+24:00", "2024-05-03T10:15:00Zz", "0000-01-01",
     "2024-05-0٣", "yesterday",
     "2024-W18-5T10:15:00Z", "20240503T101500Z+01:00", "2024-05-03T10:15:00 +01:00",
     "2024-05-03T10:15:0٣Z", "2024-02-30T10:15:00Z"],
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


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0001", "0001-01-01", "0001-12-31"),
        ("1899-12-30T00:00:00Z", "1899-12-30", "1899-12-30"),
        ("2200-02", "2200-02-01", "2200-02-28"),
        ("9999-12-31T23:59:59Z", "9999-12-31", "9999-12-31"),
    ],
)
def test_the_span_of_such_a_day_is_as_it_is_written(text: str, first: str, last: str) -> None:
    assert days(text) == (first, last)


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


def test_days_and_instants_stand_in_one_order() -> None:
    """By London day, of which what has no time is the start; in the winter of 1969 London kept summer time."""
    read = date_reader()
    texts = [
        "1931-05-06",
        "1970-01-01",
        "1969-12-31T23:00:00Z",
        "1970-01-01T00:00:01Z",
        "2024-05-03",
        "2024-05-03T10:15:00+01:00",
        "2024-05-03T09:30:00Z",
        "2024-05-04",
        "2024-05-03T23:30:00Z",
        "2024-06",
        "2025",
    ]
    places = [order_of(read(text, "$")) for text in texts]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-05-03T10:15Z", datetime(2024, 5, 3, 10, 15, tzinfo=UTC)),
        ("2024-05-03T10:15", datetime(2024, 5, 3, 9, 15, tzinfo=UTC)),
        ("2024-01-03T10:15:07", datetime(2024, 1, 3, 10, 15, 7, tzinfo=UTC)),
        ("2024-05-03T10:15:60Z", datetime(2024, 5, 3, 10, 16, tzinfo=UTC)),
        ("2024-05-03T10:15:00.5-05:30", datetime(2024, 5, 3, 15, 45, 0, 500_000, tzinfo=UTC)),
        ("2024-05-03T00:15:00+14:00", datetime(2024, 5, 2, 10, 15, tzinfo=UTC)),
        ("2024-05-03T10:15:00+05:59", datetime(2024, 5, 3, 4, 16, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_instant_that_it_was_written_for(text: str, instant: datetime) -> None:
    read = date_reader()
    for other in (f"2024-07-07{text[10:]}", f"{text[:10]}T11:12:13Z", text):
        read(other, "$")
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=read(text, "$")[1] or 0) == instant


@given(st.lists(st.datetimes(*SPAN), min_size=1))
def test_many_london_days_at_once_are_those_one_by_one(instants: list[datetime]) -> None:
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    micros = [(instant.replace(tzinfo=UTC) - origin) // timedelta(microseconds=1) for instant in instants]
    assert list(london_days(np.array(micros, dtype=np.int64))) == [london_day_number(value) for value in micros]


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2024-01-15T23:59:59.999999Z", "2024-01-15"),
        ("2024-03-30T23:59:59Z", "2024-03-30"),
        ("2024-03-31T22:59:59Z", "2024-03-31"),
        ("2024-03-31T23:00:00Z", "2024-04-01"),
        ("2024-06-15T22:59:59.999999Z", "2024-06-15"),
        ("2024-06-15T23:00:00Z", "2024-06-16"),
        ("2024-10-26T23:00:00Z", "2024-10-27"),
        ("2024-10-27T23:00:00Z", "2024-10-27"),
        ("2024-10-28T00:00:00Z", "2024-10-28"),
    ],
)
def test_of_many_instants_each_falls_on_its_own_day_where_the_clocks_change(instant: str, day: str) -> None:
    read = date_reader()
    others = ["2024-01-15T12:00:00Z", "2024-06-15T12:00:00Z"]
    micros = [read(text, "$")[1] for text in (*others, instant)]
    found = london_days(np.array(micros, dtype=np.int64))
    assert (date(1970, 1, 1) + timedelta(days=int(found[-1]))).isoformat() == day


@given(st.datetimes(*SPAN, timezones=st.just(LONDON)))
def test_a_london_time_falls_on_the_day_it_is_written_with(moment: datetime) -> None:
    instant = moment.astimezone(UTC).astimezone(LONDON)
    assert days(instant.isoformat(timespec="seconds"))[0] == instant.date().isoformat()
    assert london_day(instant) == instant.date()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-06-30T23:30:00Z", "2024-07-01"),
        ("2024-12-31T23:30:00+00:00", "2024-12-31"),
        ("2024-06-30T23:30:00", "2024-06-30"),
        ("soon", None),
        (None, None),
    ],
)
def test_the_day_of_a_servers_instant_is_londons(text: str | None, day: str | None) -> None:
    assert day_of_instant(text) == day
