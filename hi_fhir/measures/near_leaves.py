"""Leaf rows of records that are counted by day, or looked for near other records."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.record_codes import RECORD_CODE, matches, record_codes
from hi_fhir.measures.words.events import ANY, LatestEncounter, Offset, Recorded, RecordedDays, RecordedNear
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.tables.schema import LEAF


def near_tables(leaves: Sequence[Leaf], context: EvaluationContext, codes: Codes) -> dict[str, pa.Table]:
    """The small tables (RECORD_CODE) that `day_rows` and `near_rows` join events to, by name, where there is need.

    day_code: of the leaves that are counted by day; near_code: of those near others; other_code: of these others, by
    the same leaf.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for leaf_id, leaf in enumerate(leaves):
        if isinstance(leaf, RecordedDays) and isinstance(leaf.recorded, Recorded):
            found.setdefault("day_code", []).extend(record_codes(leaf_id, leaf.recorded, context, codes))
        elif isinstance(leaf, RecordedNear):
            found.setdefault("near_code", []).extend(record_codes(leaf_id, leaf.recorded, context, codes))
            found.setdefault("other_code", []).extend(record_codes(leaf_id, leaf.other, context, codes))
    return {name: pa.Table.from_pylist(rows, schema=RECORD_CODE) for name, rows in found.items()}


def day_rows(leaves: Sequence[Leaf], context: EvaluationContext, counted: Mapping[str, ibis.Table]) -> ibis.Table:
    """LEAF's columns of the leaves that are counted by day. counted: events that count, by resource type."""
    by_day = {number: leaf.recorded for number, leaf in enumerate(leaves) if isinstance(leaf, RecordedDays)}
    coded = [one for one in by_day.values() if isinstance(one, Recorded)]
    found = [_dated(coded, counted, "day_code").select(*_DAY)] if coded else []
    for leaf_id, one in by_day.items():
        if isinstance(one, LatestEncounter):
            start, end = context.days(one.window)
            rows = counted["Encounter"]
            rows = rows.filter((rows.start_date >= ibis.literal(start)) & (rows.start_date <= ibis.literal(end)))
            found.append(rows.select("person_id", leaf_id=ibis.literal(leaf_id, "int32"), start_date="start_date"))
    return _rows(reduce(lambda one, other: one.union(other), found).distinct())


_DAY = ("person_id", "leaf_id", "start_date")


def near_rows(leaves: Sequence[Leaf], counted: Mapping[str, ibis.Table]) -> ibis.Table:
    """LEAF's columns of the leaves that lie near others. counted: events that count, by resource type."""
    near = {number: leaf for number, leaf in enumerate(leaves) if isinstance(leaf, RecordedNear)}
    others = _dated([leaf.other for leaf in near.values()], counted, "other_code")
    found = _dated([leaf.recorded for leaf in near.values()], counted, "near_code")
    to_any = {number: leaf for number, leaf in near.items() if leaf.which == ANY}
    to_one = {number: leaf for number, leaf in near.items() if leaf.which != ANY}
    parts = []
    if to_one:
        days = others.group_by("person_id", "leaf_id").agg(
            first=others.start_date.min(), latest=others.start_date.max()
        )
        parts.append(_lying_near(found.join(days, ["person_id", "leaf_id"]), to_one))
    if to_any:
        days = others.filter(others.leaf_id.isin(list(to_any))).select("person_id", "leaf_id", any="start_date")
        lying = _lying_near(found.join(days.distinct(), ["person_id", "leaf_id"]), to_any)
        parts.append(lying.select(*found.columns).distinct())  # near several is one record still
    return reduce(lambda one, other: one.union(other), map(_rows, parts))


def _lying_near(found: ibis.Table, near: Mapping[int, RecordedNear]) -> ibis.Table:
    lies_near = ((found.leaf_id == number) & _is_near(found, leaf) for number, leaf in near.items())
    return found.filter(reduce(lambda one, other: one | other, lies_near))


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
