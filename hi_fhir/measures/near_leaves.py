"""Leaf rows of records that are counted by day, or looked for near other records."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.measures.frame import Codes, Frame
from hi_fhir.measures.record_codes import RECORD_CODE, matches, record_codes
from hi_fhir.measures.words.events import Offset, Recorded, RecordedDays, RecordedNear
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.tables.schema import LEAF


def near_tables(leaves: Sequence[Leaf], frame: Frame, codes: Codes) -> dict[str, pa.Table]:
    """The small tables (RECORD_CODE) that `day_rows` and `near_rows` join events to, by name, where there is need.

    day_code: of the leaves that are counted by day; near_code: of those near others; other_code: of these others, by
    the same leaf.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for leaf_id, leaf in enumerate(leaves):
        if isinstance(leaf, RecordedDays):
            found.setdefault("day_code", []).extend(record_codes(leaf_id, leaf.recorded, frame, codes))
        elif isinstance(leaf, RecordedNear):
            found.setdefault("near_code", []).extend(record_codes(leaf_id, leaf.recorded, frame, codes))
            found.setdefault("other_code", []).extend(record_codes(leaf_id, leaf.other, frame, codes))
    return {name: pa.Table.from_pylist(rows, schema=RECORD_CODE) for name, rows in found.items()}


def day_rows(leaves: Sequence[Leaf], counted: Mapping[str, ibis.Table]) -> ibis.Table:
    """LEAF's columns of the leaves that are counted by day. counted: events that count, by resource type."""
    found = _dated([leaf.recorded for leaf in leaves if isinstance(leaf, RecordedDays)], counted, "day_code")
    return _rows(found.select("person_id", "leaf_id", "start_date").distinct())


def near_rows(leaves: Sequence[Leaf], counted: Mapping[str, ibis.Table]) -> ibis.Table:
    """LEAF's columns of the leaves that lie near others. counted: events that count, by resource type."""
    near = {number: leaf for number, leaf in enumerate(leaves) if isinstance(leaf, RecordedNear)}
    others = _dated([leaf.other for leaf in near.values()], counted, "other_code")
    others = others.group_by("person_id", "leaf_id").agg(first=others.start_date.min(), latest=others.start_date.max())
    found = _dated([leaf.recorded for leaf in near.values()], counted, "near_code")
    found = found.join(others, ["person_id", "leaf_id"])
    lies_near = ((found.leaf_id == number) & _is_near(found, leaf) for number, leaf in near.items())
    return _rows(found.filter(reduce(lambda one, other: one | other, lies_near)))


def _is_near(rows: ibis.Table, leaf: RecordedNear) -> Any:
    other = rows[leaf.which]
    return _not_before(rows.start_date, other, leaf.from_offset) & _not_after(rows.start_date, other, leaf.to_offset)


def _not_before(day: Any, other: Any, offset: Offset) -> Any:
    return day >= _moved(other, offset.months) if offset.months else day.delta(other, unit="day") >= offset.days


def _not_after(day: Any, other: Any, offset: Offset) -> Any:
    return day <= _moved(other, offset.months) if offset.months else day.delta(other, unit="day") <= offset.days


def _moved(day: Any, months: int) -> Any:
    return day + ibis.interval(months=months)


def _dated(records: Sequence[Recorded], counted: Mapping[str, ibis.Table], codes: str) -> ibis.Table:
    types = sorted({type_ for one in records for type_ in one.types})
    found = reduce(lambda one, other: one.union(other), (matches(type_, counted[type_], codes) for type_ in types))
    return found.filter(found.start_date.notnull())


def _rows(found: ibis.Table) -> ibis.Table:
    return (
        found.group_by("person_id", "leaf_id")
        .agg(
            n=found.count(),
            first_date=found.start_date.min(),
            last_date=found.start_date.max(),
            low=ibis.null("float64"),
            high=ibis.null("float64"),
        )
        .select(*LEAF.names)
    )
