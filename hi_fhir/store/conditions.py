"""Criteria as conditions on columns. A value is a constant or, in a form of criteria, the place of a parameter."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from hi_fhir.store.criteria import AnyOf, CanonicalMatch, DayMatch, InstantMatch, TokenMatch
from hi_fhir.store.forms import Parameter

T = TypeVar("T")
Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
Day = InstrumentedAttribute[date]


def all_of(criteria: AnyOf[T], condition: Callable[[T], ColumnElement[bool]]) -> ColumnElement[bool]:
    return and_(true(), *(or_(false(), *map(condition, alternatives)) for alternatives in criteria))


def is_token(token: TokenMatch, system: Text, value: Text) -> ColumnElement[bool]:
    return equal((system, token.system), (value, token.value))


def is_canonical(asked: CanonicalMatch, url: Text, version: Text) -> ColumnElement[bool]:
    return equal((url, asked.url), (version, asked.version))


def any_of(column: Text, values: Iterable[Any]) -> ColumnElement[bool]:
    """That a column has one of the values."""
    return or_(false(), *(column == _value(value) for value in values))


def equal(*pairs: tuple[Text, str | None]) -> ColumnElement[bool]:
    """That each column has the value asked for, where one is."""
    return and_(true(), *(column == _value(wanted) for column, wanted in pairs if wanted is not None))


def days_match(
    asked: DayMatch, start: InstrumentedAttribute[date], end: InstrumentedAttribute[date]
) -> ColumnElement[bool]:
    """Whether the days from `start` to `end`, both inclusive, match.

    Source: FHIR R4 Search, Date, as HAPI reads it: gt, lt, ge and le ask for some day beyond (or within) the value;
    `ap` is overlap.
    """
    first, last = _value(asked.first), _value(asked.last)
    within = and_(start >= first, end <= last)
    tests: dict[str, ColumnElement[bool]] = {
        "eq": within,
        "ne": ~within,
        "gt": end > last,
        "lt": start < first,
        "ge": end >= first,
        "le": start <= last,
        "sa": start > last,
        "eb": end < first,
        "ap": and_(start <= last, end >= first),
    }
    return tests[asked.prefix]


def is_at(asked: InstantMatch, at: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    """Whether an instant matches. Source: as of days; an instant has no length."""
    low, high = _value(asked.low), _value(asked.high)
    within = and_(at >= low, at < high)
    after, before = at >= high, at < low
    tests: dict[str, ColumnElement[bool]] = {
        "eq": within,
        "ne": ~within,
        "gt": after,
        "lt": before,
        "ge": at >= low,
        "le": at < high,
        "sa": after,
        "eb": before,
        "ap": within,
    }
    return tests[asked.prefix]


def _value(wanted: Any) -> Any:
    return bindparam(wanted.name) if isinstance(wanted, Parameter) else wanted
