"""Dates that cannot be: what stands in a record for none, such as 0001-01-01, 1900-01-01 or 9999-12-31.

They are taken for unknown: a birth date then gives no age, a start no beginning and an end no end. Rule `registration`
(docs/explanation/rules.md).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple

import ibis

from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine

YEARS = 120
"""How far from the extract date a date may lie. Nobody in the United Kingdom has been known to live so long [U], and
the dates that systems write for none (year 1, 1753, 1800, 1899-12-30, 1900-01-01, 2999, 9999) lie beyond."""

_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "patient": {"birth": ("birth_date",), "death": ("death_date",), "home": ("home_from", "home_until")},
    "other_home": {"home": ("home_from", "home_until")},
    "registration": {"registration": ("start_date", "end_date")},
    "organization": {"code": ("code_from", "code_until")},
}
TABLES = tuple(_KINDS)
_BIRTH, _BIRTH_LAST, _DEATH = "birth_date", "birth_date_last", "death_date"


class Span(NamedTuple):
    """Dates from `first` to `last` can be."""

    first: date
    last: date


def span_of(data_dates: Iterable[date]) -> Span:
    """Around the latest date of the data."""
    received = max(data_dates)
    years = timedelta(days=YEARS * 365.25)
    return Span(received - years, received + years)


def possible(rows: ibis.Table, table: str, span: Span) -> ibis.Table:
    """A table of _KINDS with null for dates that cannot be.

    A death is left as it is: one of long ago is dead on every day, one of the far future on none.
    """
    names = [name for columns in _KINDS[table].values() for name in columns if name != _DEATH]
    known = {name: _can_be(rows, name, span).ifelse(rows[name], ibis.null("date")) for name in names}
    if _BIRTH in known:  # a partial birth date is judged by its first day, and goes as a whole
        known[_BIRTH_LAST] = _can_be(rows, _BIRTH, span).ifelse(rows[_BIRTH_LAST], ibis.null("date"))
    return rows.mutate(**known)


def impossible(engine: Engine, snapshots: Sequence[Path], span: Span) -> dict[str, int]:
    """Rows of each kind that have a date that cannot be; kinds without any are left out."""
    found: dict[str, int] = {}
    for table, kinds in _KINDS.items():
        rows = read_table(engine, snapshots, table, name=f"dated_{table}")
        counts = rows.agg(
            **{
                kind: reduce(or_, (_is_wrong(rows, name, span) for name in names)).sum()
                for kind, names in kinds.items()
            }
        )
        for kind, count in engine.query(counts).to_pylist()[0].items():
            if count:
                found[kind] = found.get(kind, 0) + int(count)
    return dict(sorted(found.items()))


def _can_be(rows: ibis.Table, name: str, span: Span) -> ibis.Value:
    return (rows[name] >= span.first) & (rows[name] <= span.last)


def _is_wrong(rows: ibis.Table, name: str, span: Span) -> ibis.Value:
    return rows[name].notnull() & ~_can_be(rows, name, span)
