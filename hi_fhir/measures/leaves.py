"""Events to leaf rows: the records of a bucket of people are joined once to the table of all leaves of all measures."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.cohorts.records import countable_events
from hi_fhir.measures.encounter_leaves import class_tables, encounter_rows, kind_rows
from hi_fhir.measures.evaluation_context import UNTIMED, Codes, EvaluationContext
from hi_fhir.measures.near_leaves import day_rows, near_rows, near_tables
from hi_fhir.measures.problem_leaves import problem_rows
from hi_fhir.measures.record_codes import RECORD_CODE, matches, record_codes
from hi_fhir.measures.status_leaves import status_rows, status_tables
from hi_fhir.measures.words.events import (
    EncounterClassIs,
    EncounterTypeCoded,
    LatestEncounter,
    Recorded,
    RecordedDays,
    RecordedNear,
)
from hi_fhir.measures.words.problems import Problems
from hi_fhir.measures.words.statuses import LatestStatus
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.measures.words.values import LatestReading, LatestValue
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.schema import CLINICAL, LEAF
from hi_fhir.terminology.ucum import SAME

EVENT = CLINICAL.append(pa.field("person_id", pa.string(), nullable=False))
"""Grain: as CLINICAL's, with the person that the row's patient is."""

FINEST = 1e-6
"""No measurement that a measure reads is written more finely, in whatever unit."""

QUANTITY_CODE = pa.schema(
    [
        ("system", pa.string()),
        ("code", pa.string()),
        ("leaf_id", pa.int32()),
        ("reading_id", pa.int32()),  # leaf of the reading's first quantity
        ("quantities", pa.int64()),  # how many the reading has
        ("from_day", pa.date32()),
        ("to_day", pa.date32()),
        ("lowest", pa.float64()),
        ("highest", pa.float64()),
    ]
)
"""Grain: one row per leaf and code."""

UNIT = pa.schema(
    [
        ("leaf_id", pa.int32()),
        ("unit", pa.string()),  # as received
        ("is_same", pa.bool_()),  # the value counts as it is
        ("factor", pa.float64()),  # else value x factor + offset does
        ("offset", pa.float64()),
    ]
)
"""Grain: one row per leaf and unit whose values become those of the leaf's own; a unit without a row is another."""

_DECIMALS = 9
"""To which a converted value is rounded, so that 77.34 mg/dL is at most 2.0 mmol/L where it is exactly that."""

LEAF_TABLES = {"record_code": RECORD_CODE, "quantity_code": QUANTITY_CODE, "unit": UNIT, "no_leaf": LEAF}


def event_types(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """Resource types that the leaves read, in order of name."""
    found: set[str] = set()
    for leaf in leaves:
        match leaf:
            case Recorded():
                found.update(leaf.types)
            case RecordedDays(LatestEncounter()):
                found.add("Encounter")
            case RecordedDays(Recorded(types=types)):
                found.update(types)
            case RecordedNear():
                found.update((*leaf.recorded.types, *leaf.other.types))
            case LatestEncounter():
                found |= {"Condition", "Encounter"}
            case EncounterTypeCoded() | EncounterClassIs():
                found.add("Encounter")
            case Problems():
                found.add("Condition")
            case LatestValue() | LatestStatus():
                found.add("Observation")
    return tuple(sorted(found))


def event_input(resource_type: str) -> str:
    """The name under which `leaf_rows` is given the events of a type."""
    return f"event_{CLINICAL_TABLES[resource_type]}"


def event_inputs(leaves: Iterable[Leaf]) -> dict[str, ibis.Table]:
    """EVENT's rows of each type that the leaves read, still to be given."""
    columns = ibis.Schema.from_pyarrow(pa.schema([column.with_nullable(True) for column in EVENT]))
    return {type_: ibis.table(columns, name=event_input(type_)) for type_ in event_types(leaves)}


def leaf_tables(
    leaves: Sequence[Leaf], context: EvaluationContext, codes: Codes, received: Iterable[str] = ()
) -> dict[str, pa.Table]:
    """The small tables that `leaf_rows` joins events to, by name. received: the units of the readings."""
    records, quantities, units = [], [], []
    received = sorted(set(received))
    for leaf_id, leaf in enumerate(leaves):
        if isinstance(leaf, Recorded):
            records += record_codes(leaf_id, leaf, context, codes)
        elif isinstance(leaf, LatestValue):
            quantities += _quantity_codes(leaf_id, leaf, leaves, context, codes)
            units += _units(leaf_id, leaf, codes, received)
    return {
        "record_code": pa.Table.from_pylist(records, schema=RECORD_CODE),
        "quantity_code": pa.Table.from_pylist(quantities, schema=QUANTITY_CODE),
        "unit": pa.Table.from_pylist(units, schema=UNIT),
        "no_leaf": LEAF.empty_table(),
        **class_tables(leaves, codes),
        **near_tables(leaves, context, codes),
        **status_tables(leaves, context, codes),
    }


def leaf_rows(leaves: Sequence[Leaf], context: EvaluationContext, events: Mapping[str, ibis.Table]) -> ibis.Table:
    """LEAF's columns in total order, from the tables of `leaf_tables` by name and `events` (EVENT) by resource type.

    Grain: one row per person and leaf that has records.
    """
    counted = {type_: countable_events(rows, CLINICAL_TABLES[type_]) for type_, rows in events.items()}
    recorded = event_types(leaf for leaf in leaves if isinstance(leaf, Recorded))
    parts = [_records([matches(type_, counted[type_]) for type_ in recorded])] if recorded else []
    if any(isinstance(leaf, LatestValue) for leaf in leaves):
        parts.append(_readings(counted["Observation"]))
    if any(isinstance(leaf, RecordedDays) for leaf in leaves):
        parts.append(day_rows(leaves, context, counted))
    if any(isinstance(leaf, RecordedNear) for leaf in leaves):
        parts.append(near_rows(leaves, counted))
    if any(isinstance(leaf, LatestStatus) for leaf in leaves):
        parts.append(status_rows(leaves, events["Observation"]))
    for leaf_id, leaf in enumerate(leaves):
        if isinstance(leaf, LatestEncounter):
            parts.append(encounter_rows(leaf_id, leaf, context, counted["Encounter"], events["Condition"]))
        elif isinstance(leaf, EncounterTypeCoded | EncounterClassIs):
            parts.append(kind_rows(leaf_id, leaf, context, counted["Encounter"]))
        elif isinstance(leaf, Problems):
            parts.append(problem_rows(leaf_id, leaf, context, counted["Condition"]))
    if not parts:
        return _named("no_leaf")
    return reduce(lambda one, other: one.union(other), parts).order_by("person_id", "leaf_id")


def _quantity_codes(
    leaf_id: int, leaf: LatestValue, leaves: Sequence[Leaf], context: EvaluationContext, codes: Codes
) -> list[dict[str, Any]]:
    reading = leaf.reading
    quantity = reading.quantities[leaf.place]
    start, end = context.days(reading.window)
    return [
        {
            "system": system,
            "code": code,
            "leaf_id": leaf_id,
            "reading_id": _reading_id(reading, leaves),
            "quantities": len(reading.quantities),
            "from_day": start,
            "to_day": end,
            "lowest": quantity.plausible[0],
            "highest": quantity.plausible[1],
        }
        for system, code in codes.of(quantity.value_set.id)
    ]


def _units(leaf_id: int, leaf: LatestValue, codes: Codes, received: Iterable[str]) -> list[dict[str, Any]]:
    quantity = leaf.reading.quantities[leaf.place]
    analyte = codes.analytes.get(quantity.value_set.id)
    ways = ((unit, codes.units.conversion(unit, quantity.unit, analyte)) for unit in received)
    return [
        {"leaf_id": leaf_id, "unit": unit, "is_same": way == SAME, "factor": way.factor, "offset": way.offset}
        for unit, way in ways
        if way
    ]


def with_values(readings: ibis.Table, units: ibis.Table) -> ibis.Table:
    """Rows of events joined to `quantity_code`, with their value in the leaf's unit and `other_unit`. units: UNIT's.

    A reading without a unit is in the leaf's own. One of another unit keeps its value, which says nothing.
    """
    rows = readings.left_join(units, ["leaf_id", "unit"])
    known = rows.unit.isnull() | rows.is_same.notnull()
    converted = (rows.value * rows.factor + rows.offset).round(_DECIMALS)
    as_it_is = ibis.coalesce(rows.is_same, True)
    return rows.mutate(value=as_it_is.ifelse(rows.value, converted), other_unit=~known)


def received_units(
    leaves: Sequence[Leaf], context: EvaluationContext, codes: Codes, observations: ibis.Table
) -> ibis.Table:
    """The units of the values that the readings of `leaves` are looked for in. Grain: one row per unit, column unit."""
    quantities = ibis.memtable(leaf_tables(leaves, context, codes)["quantity_code"])
    values = observations.filter(observations.value.notnull() & observations.unit.notnull())
    return values.semi_join(quantities, ["system", "code"]).select("unit").distinct()


def _reading_id(reading: LatestReading, leaves: Sequence[Leaf]) -> int:
    return leaves.index(LatestValue(reading, 0))


def _named(name: str) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(LEAF_TABLES[name]), name=name)


def _records(matches: Sequence[ibis.Table]) -> ibis.Table:
    found = reduce(lambda one, other: one.union(other), matches)
    return found.group_by("person_id", "leaf_id").agg(
        n=found.count(),
        first_date=found.start_date.min(),
        last_date=found.start_date.max(),
        low=ibis.null("float64"),
        high=ibis.null("float64"),
    )


def _readings(observations: ibis.Table) -> ibis.Table:
    values = _value_a_day(observations)
    days = values.group_by("person_id", "reading_id", "start_date").agg(
        found=values.count(), quantities=values.quantities.max()
    )
    complete = days.filter(days.found == days.quantities)
    latest = complete.group_by("person_id", "reading_id").agg(start_date=complete.start_date.max())
    found = values.join(latest, ["person_id", "reading_id", "start_date"])
    return found.select(
        "person_id", "leaf_id", "n", first_date="start_date", last_date="start_date", low="low", high="high"
    )


def _value_a_day(observations: ibis.Table) -> ibis.Table:
    """The value that counts of each leaf and day: the latest instant's, untimed ones first; among equals the lowest.

    A value with a comparator is a bound: it lies between low and high. The lowest of several lies between the lowest
    low and the lowest high.
    """
    events = observations.filter(observations.value.notnull() & observations.start_date.notnull())
    found = with_values(events.join(_named("quantity_code"), ["system", "code"]), _named("unit")).filter(
        lambda t: ~t.other_unit & (t.start_date >= t.from_day) & (t.start_date <= t.to_day)
    )
    found = found.mutate(at=ibis.coalesce(found["at"], ibis.literal(UNTIMED)), **bounds(found))
    found = found.filter((found.high >= found.lowest) & (found.low <= found.highest))
    instants = found.group_by("person_id", "reading_id", "leaf_id", "start_date", "at").agg(
        n=found.count(), low=found.low.min(), high=found.high.min(), quantities=found.quantities.max()
    )
    return instants.group_by("person_id", "reading_id", "leaf_id", "start_date").agg(
        n=instants.n.sum(),
        low=instants.low.argmax(instants["at"], where=instants.low.notnull()),
        high=instants.high.argmax(instants["at"], where=instants.high.notnull()),
        quantities=instants.quantities.max(),
    )


def bounds(rows: ibis.Table) -> dict[str, ibis.Column]:
    """Between which two values the value of each row lies, both ends inclusive: itself, unless it has a comparator.

    A bound leaves the other end to what is plausible (`lowest`, `highest`); a comparator that is none of the four
    leaves both. Above or below a value is at least FINEST from it.
    """
    sign, value = rows.comparator, rows.value
    low = ibis.cases((sign == ">", value + FINEST), (sign == ">=", value), else_=rows.lowest)
    high = ibis.cases((sign == "<", value - FINEST), (sign == "<=", value), else_=rows.highest)
    return {"low": sign.isnull().ifelse(value, low), "high": sign.isnull().ifelse(value, high)}
