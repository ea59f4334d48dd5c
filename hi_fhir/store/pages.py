"""Pages of a search: an order in which each resource has one place, and the place at which the next page begins.

A page begins after a resource, not after so many of them, so that what is written in between moves nothing. By what
changes from version to version, reports are in the order that they had when the search began: else one that is written
anew would come twice, or never. What is shown of it is what holds now.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlalchemy.orm import InstrumentedAttribute

from hi_fhir.store.models import ReportRow

LAST_KNOWN = "last_known"
"""Parameter: the number of the last version that the reader had when the search began."""

REPORTS_SORTED_BY = {
    "_id": "resource_id",
    "_lastUpdated": "recorded_at",
    "date": "data_date",
    "measure": "measure_url",
    "period": "period_start",
    "reporter": "reporter_id",
    "status": "status",
}
"""What reports may be sorted by, and the column of it."""
_MOST_KNOWN = 2**31 - 1
_CHANGING = ("_lastUpdated", "date", "status")
_DAYS, _INSTANTS = ("date", "period"), ("_lastUpdated",)


class SortKey(NamedTuple):
    name: str
    descending: bool


ById = (SortKey("_id", False),)


class PagePlace(NamedTuple):
    """Of a page's last resource: the values that it is sorted by.

    known: how many versions the reader had when the search began, where what is sorted by changes. It tells the reader
    nothing, as the number of the last one would: of how much there is of others'.
    """

    values: tuple[Any, ...]
    known: int | None


class AskedPage(NamedTuple):
    """limit: how many; 0: just their total. order: ends by id. after: None: from the first on."""

    limit: int
    order: tuple[SortKey, ...] = ById
    after: PagePlace | None = None
    with_total: bool = True


def order_of(names: Sequence[str]) -> tuple[SortKey, ...]:
    """By names of parameters, `-` for descending; what is equal by them is in order of id."""
    keys = tuple(SortKey(name.removeprefix("-"), name.startswith("-")) for name in names)
    return keys if any(key.name == "_id" for key in keys) else (*keys, *ById)


def is_changing(order: Sequence[SortKey]) -> bool:
    """Whether a new version may have another place."""
    return any(key.name in _CHANGING for key in order)


def columns_sorted_by(order: Sequence[SortKey], of: Any = ReportRow) -> list[InstrumentedAttribute[Any]]:
    """of: the entity of reports whose columns they are."""
    return [getattr(of, REPORTS_SORTED_BY[key.name]) for key in order]


def ordered(order: Sequence[SortKey], columns: Sequence[InstrumentedAttribute[Any]]) -> list[ColumnElement[Any]]:
    return [column.desc() if key.descending else column.asc() for key, column in zip(order, columns, strict=True)]


def is_beyond(order: Sequence[SortKey], columns: Sequence[InstrumentedAttribute[Any]]) -> ColumnElement[bool]:
    """That a row comes after the place whose values are the parameters `place_values` names."""
    condition: ColumnElement[bool] | None = None
    for number, (key, column) in reversed([*enumerate(zip(order, columns, strict=True))]):
        place = bindparam(_parameter(number), type_=column.type)
        further = column < place if key.descending else column > place
        condition = further if condition is None else or_(further, and_(column == place, condition))
    assert condition is not None  # noqa: S101  an order has its id at least
    return condition


def place_values(place: PagePlace | None) -> dict[str, Any]:
    """Parameters of `is_beyond`."""
    return {_parameter(number): value for number, value in enumerate(place.values)} if place else {}


def written_place(place: PagePlace) -> list[Any]:
    """The place as JSON has it."""
    return [place.known, *(value.isoformat() if isinstance(value, date) else value for value in place.values)]


def read_place(order: Sequence[SortKey], written: Sequence[Any]) -> PagePlace:
    """The place that was written so.

    Raises:
        ValueError, TypeError: it is none of this order.
    """
    known, *values = written
    if len(values) != len(order) or not all(isinstance(value, str) and "\0" not in value for value in values):
        raise ValueError("not of this order")
    is_count = type(known) is int and 0 <= known <= _MOST_KNOWN
    if not (is_count if is_changing(order) else known is None):
        raise ValueError("not of this order")
    return PagePlace(tuple(_value(key, text) for key, text in zip(order, values, strict=True)), known)


def _value(key: SortKey, text: str) -> str | date:
    if key.name in _INSTANTS:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no instant")
        return at
    return date.fromisoformat(text) if key.name in _DAYS else text


def _parameter(number: int) -> str:
    return f"after_{number}"
