"""Readings that no measure takes for their unit or value, counted, so that what nobody expected is seen, not lost."""

from collections.abc import Iterable, Mapping, Sequence

import ibis
import pyarrow as pa

from hi_fhir.cohorts.records import that_count
from hi_fhir.measures.frame import Codes, Frame
from hi_fhir.measures.leaves import leaf_tables, with_values
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.measures.words.values import LatestValue

UNIT, IMPLAUSIBLE = "unit", "implausible"


def dropped_readings(
    leaves: Sequence[Leaf],
    frame: Frame,
    codes: Codes,
    units: Iterable[str],
    observations: ibis.Table,
    link: ibis.Table,
) -> dict[str, dict[str, int]]:
    """Value set to UNIT and IMPLAUSIBLE to rows of `observations` that carry one of its codes and a value.

    units: those of all readings, as received.

    Rows of records that count, of patients in `link`, in the window of the reading; one of another unit is not judged
    by its value. What readings of several windows leave out counts for each of them.
    """
    value_sets = {
        leaf_id: leaf.reading.quantities[leaf.place].value_set.id
        for leaf_id, leaf in enumerate(leaves)
        if isinstance(leaf, LatestValue)
    }
    found = {id_: {UNIT: 0, IMPLAUSIBLE: 0} for id_ in sorted(value_sets.values())}
    if value_sets:
        small = leaf_tables(leaves, frame, codes, units)
        for row in _counts(small, observations, link).to_pyarrow().to_pylist():
            kinds = found[value_sets[row["leaf_id"]]]
            kinds[UNIT] += row["of_unit"]
            kinds[IMPLAUSIBLE] += row["of_value"]
    return found


def _counts(small: Mapping[str, pa.Table], observations: ibis.Table, link: ibis.Table) -> ibis.Table:
    """Grain: one row a leaf that leaves rows out. Columns: leaf_id, of_unit and of_value."""
    events = that_count(observations, "observation")
    events = events.filter(events.value.notnull() & events.start_date.notnull())
    rows = events.join(ibis.memtable(small["quantity_code"]), ["system", "code"])
    rows = with_values(rows, ibis.memtable(small["unit"]))
    rows = rows.filter((rows.start_date >= rows.from_day) & (rows.start_date <= rows.to_day))
    rows = rows.select(
        "patient_id",
        "leaf_id",
        "other_unit",
        implausible=~rows.other_unit & ((rows.value < rows.lowest) | (rows.value > rows.highest)),
    )
    rows = rows.filter(rows.other_unit | rows.implausible).semi_join(link, "patient_id")
    return rows.group_by("leaf_id").agg(of_unit=rows.other_unit.sum(), of_value=rows.implausible.sum())
