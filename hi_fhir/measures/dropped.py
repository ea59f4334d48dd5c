"""Records that no measure takes for what they say, counted, so that what nobody expected is seen, not lost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.cohorts.records import of_status
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.leaves import bounds, leaf_tables, with_values
from hi_fhir.measures.record_codes import RECORD_CODE
from hi_fhir.measures.words.events import RecordedNear
from hi_fhir.measures.words.tree import Leaf, value_sets_of
from hi_fhir.measures.words.values import LatestValue
from hi_fhir.terminology.answers import ABSENT, DENIED, NONE

UNIT, IMPLAUSIBLE, COMPARATOR, NO_VALUE = "unit", "implausible", "comparator", "no-value"
REASONS = (UNIT, IMPLAUSIBLE, COMPARATOR, NO_VALUE, DENIED, NONE, ABSENT)
"""Of another unit; not plausible; a bound, which is a reading but may leave its word undetermined; without a value;
denied, none and absent as the column `negation` has them."""

_OBSERVATION = "Observation"


def dropped_readings(
    engine: Engine,
    leaves: Sequence[Leaf],
    context: EvaluationContext,
    codes: Codes,
    units: Iterable[str],
    observations: ibis.Table,
    link: ibis.Table,
) -> dict[str, dict[str, int]]:
    """Value set to REASONS to rows of `observations` that carry one of its codes and are left out, or are bounds.

    Rows of records whose status counts, but for those of whom `link` (LINK) says that they are nobody, in the window of
    the reading or record; one of another unit is not judged by its value, and a value set that nothing is measured by
    is there only where it has any. What readings of several windows leave out counts for each of them; of records the
    widest window counts, once. units: those of all readings, as received.
    """
    value_sets = {
        number: leaf.reading.quantities[leaf.place].value_set.id
        for number, leaf in enumerate(leaves)
        if isinstance(leaf, LatestValue)
    }
    small = leaf_tables(leaves, context, codes, units)
    measured = sorted({value_sets[leaf_id] for leaf_id in small["quantity_code"]["leaf_id"].to_pylist()})
    found = {id_: dict.fromkeys(REASONS, 0) for id_ in measured}
    if measured:
        _add(found, value_sets, engine.query(_unread(small, observations, link)))
    looked_for = list(_looked_for(leaves, small))
    recorded = sorted({value_set for value_set, _ in looked_for})
    records = _widest(looked_for, recorded)
    if records.num_rows:
        _add(found, dict(enumerate(recorded)), engine.query(_negated(records, observations, link)))
    return dict(sorted(found.items()))


def _add(found: dict[str, dict[str, int]], value_sets: dict[int, str], counts: pa.Table) -> None:
    """counts: leaf_id, reason and n."""
    for row in counts.to_pylist():
        reasons = found.setdefault(value_sets[row["leaf_id"]], dict.fromkeys(REASONS, 0))
        reasons[row["reason"]] += row["n"]


def _unread(small: Mapping[str, pa.Table], observations: ibis.Table, link: ibis.Table) -> ibis.Table:
    """Grain: one row per leaf and reason for which rows with codes of a quantity are no readings, or bounds."""
    events = of_status(observations, "observation")
    rows = events.join(ibis.memtable(small["quantity_code"]), ["system", "code"])
    rows = with_values(rows, ibis.memtable(small["unit"]))
    rows = rows.filter((rows.start_date >= rows.from_day) & (rows.start_date <= rows.to_day))
    rows = rows.mutate(**bounds(rows))
    reason = ibis.cases(
        (rows.negation.notnull(), rows.negation),
        (rows.value.isnull(), NO_VALUE),
        (rows.other_unit, UNIT),
        ((rows.high < rows.lowest) | (rows.low > rows.highest), IMPLAUSIBLE),
        (rows.comparator.notnull(), COMPARATOR),
        else_=ibis.null("string"),
    )
    return _counted(rows.select("patient_id", "leaf_id", reason=reason), link)


def _negated(records: pa.Table, observations: ibis.Table, link: ibis.Table) -> ibis.Table:
    """Grain: one row per leaf and reason for which rows with codes of a record are none."""
    events = of_status(observations, "observation")
    events = events.filter(events.negation.notnull())
    rows = events.join(ibis.memtable(records), ["system", "code"])
    in_window = (rows.start_date >= rows.from_day) & (rows.start_date <= rows.to_day)
    rows = rows.filter(in_window | (rows.start_date.isnull() & rows.undated))
    rows = rows.filter((rows.negation != NONE) | (rows.none == ibis.literal(False)))
    return _counted(rows.select("patient_id", "leaf_id", reason="negation"), link)


def _counted(rows: ibis.Table, link: ibis.Table) -> ibis.Table:
    rows = rows.filter(rows.reason.notnull()).anti_join(link.filter(link.person_id.isnull()), "patient_id")
    return rows.group_by("leaf_id", "reason").agg(n=rows.count())


def _looked_for(leaves: Sequence[Leaf], small: Mapping[str, pa.Table]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Value set and row of RECORD_CODE for each code of a record that a leaf looks for, in whichever way."""
    for name in ("record_code", "day_code", "near_code", "other_code"):
        for row in small[name].to_pylist() if name in small else ():
            leaf = leaves[row["leaf_id"]]
            if isinstance(leaf, RecordedNear):
                own, other = value_sets_of(leaf)
                yield other if name == "other_code" else own, row
            else:
                yield value_sets_of(leaf)[0], row
    for row in small["status_code"].to_pylist() if "status_code" in small else ():
        yield value_sets_of(leaves[row["leaf_id"]])[int(row.pop("place"))], row | {"type": _OBSERVATION, "none": True}


def _widest(looked_for: Iterable[tuple[str, dict[str, Any]]], value_sets: Sequence[str]) -> pa.Table:
    """One row for each value set and code of Observation, with the first and last day that any leaf of it looks at.

    leaf_id is the place of the value set in `value_sets`.
    """
    widest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for value_set, row in looked_for:
        if row["type"] == _OBSERVATION:
            key = (value_set, row["system"], row["code"])
            row = row | {"leaf_id": value_sets.index(value_set)}
            widest[key] = _wider(widest[key], row) if key in widest else row
    return pa.Table.from_pylist(list(widest.values()), schema=RECORD_CODE)


def _wider(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return one | {
        "from_day": min(one["from_day"], other["from_day"]),
        "to_day": max(one["to_day"], other["to_day"]),
        "undated": one["undated"] or other["undated"],
        "none": one["none"] and other["none"],
    }
