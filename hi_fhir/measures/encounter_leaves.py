"""Leaf rows of the latest encounter of a person: whether its reason is coded, and its type and its class."""

from collections.abc import Sequence

import ibis
import pyarrow as pa

from hi_fhir.measures.evaluation_context import UNTIMED, Codes, EvaluationContext
from hi_fhir.measures.words.events import EncounterClassIs, LatestEncounter
from hi_fhir.measures.words.tree import EncounterKind, Leaf
from hi_fhir.tables.schema import LEAF, REFERENCE
from hi_fhir.terminology.systems import SNOMED

CLASS_CODE = pa.schema([("leaf_id", pa.int32()), ("system", pa.string()), ("code", pa.string())])
"""Grain: one row per leaf and code that the class of an encounter may have."""


def class_tables(leaves: Sequence[Leaf], codes: Codes) -> dict[str, pa.Table]:
    """The table that `kind_rows` joins events to, where a leaf asks for classes."""
    rows = [
        {"leaf_id": leaf_id, "system": system, "code": code}
        for leaf_id, leaf in enumerate(leaves)
        if isinstance(leaf, EncounterClassIs)
        for system, code in codes.of(leaf.value_set.id)
    ]
    asked = any(isinstance(leaf, EncounterClassIs) for leaf in leaves)
    return {"class_code": pa.Table.from_pylist(rows, schema=CLASS_CODE)} if asked else {}


def encounter_rows(
    leaf_id: int, leaf: LatestEncounter, context: EvaluationContext, events: ibis.Table, conditions: ibis.Table
) -> ibis.Table:
    """LEAF's columns: whether the reason of the latest is coded.

    events: encounters that count. conditions: of whatever status; the reason of an encounter may be over since.
    """
    events = _in_window(events, leaf, context)
    coded = (events.component == "") & events.code.notnull()
    own = events.filter(events.component != "reference")
    own = own.select("person_id", "start_date", "at", low=coded.ifelse(1.0, 0.0), high=coded.ifelse(1.0, 0.0))
    referred = reasons_by_reference(events, conditions).select("person_id", "start_date", "at", "low", "high")
    return _of_the_latest(own.union(referred), leaf_id)


def kind_rows(leaf_id: int, leaf: EncounterKind, context: EvaluationContext, events: ibis.Table) -> ibis.Table:
    """LEAF's columns: whether the latest has such a type or class. events: encounters that count."""
    events = _in_window(events, leaf.encounter, context)
    if isinstance(leaf, EncounterClassIs):
        codes = ibis.table(ibis.Schema.from_pyarrow(CLASS_CODE), name="class_code")
        events = events.left_join(codes.filter(codes.leaf_id == leaf_id), ["system", "code"])
        found = (events.component == "class") & events.leaf_id.notnull()
    else:
        found = (events.component == "type") & ibis.coalesce(events.system == SNOMED, False)
    known = found.ifelse(1.0, 0.0)
    return _of_the_latest(events.select("person_id", "start_date", "at", low=known, high=known), leaf_id)


def _in_window(events: ibis.Table, leaf: LatestEncounter, context: EvaluationContext) -> ibis.Table:
    start, end = context.days(leaf.window)
    return events.filter((events.start_date >= ibis.literal(start)) & (events.start_date <= ibis.literal(end)))


def _of_the_latest(rows: ibis.Table, leaf_id: int) -> ibis.Table:
    """LEAF's columns: low and high are the highest of the latest instant of the latest day."""
    rows = rows.mutate(at=ibis.coalesce(rows["at"], ibis.literal(UNTIMED)))
    instants = rows.group_by("person_id", "start_date", "at").agg(
        n=rows.count(), low=rows.low.max(), high=rows.high.max()
    )
    days = instants.group_by("person_id", "start_date").agg(
        n=instants.n.sum(),
        low=instants.low.argmax(instants["at"], where=instants.low.notnull()),
        high=instants.high.argmax(instants["at"], where=instants.high.notnull()),
    )
    return (
        days.group_by("person_id")
        .agg(
            leaf_id=ibis.literal(leaf_id, "int32"),
            n=days.n.sum(),
            first_date=days.start_date.min(),
            last_date=days.start_date.max(),
            low=days.low.argmax(days.start_date, where=days.low.notnull()),
            high=days.high.argmax(days.start_date, where=days.high.notnull()),
        )
        .select(*LEAF.names)
    )


def reasons_by_reference(encounters: ibis.Table, conditions: ibis.Table) -> ibis.Table:
    """Those rows of encounters whose reason is another record, with low and high: whether that carries a code.

    0 and 1 where that is not known, since it is not among `conditions`.
    """
    referred = encounters.filter(encounters.component == "reference")
    own = conditions.filter(conditions.component == "")
    own = own.semi_join(referred, [own.source_id == referred.source_id, own.resource_id == referred.code])
    known = own.group_by("source_id", "resource_id").agg(is_coded=own.code.notnull().ifelse(1.0, 0.0).max())
    known = known.select("source_id", "is_coded", code="resource_id", system=ibis.literal(f"{REFERENCE}Condition"))
    referred = referred.left_join(known, ["source_id", "system", "code"])
    return referred.mutate(low=ibis.coalesce(referred.is_coded, 0.0), high=ibis.coalesce(referred.is_coded, 1.0))
