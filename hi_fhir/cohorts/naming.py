"""Whom records are about that name a person by an identifier alone. Rule `people` (docs/explanation/rules.md)."""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import ibis

from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.identity import NAMED

ORPHAN, NOBODY, SEVERAL, FOUND = "orphan", "nobody", "several", "found"
_TABLES = (*CLINICAL_TABLES.values(), "registration")
_KEY_DIGITS = 32


class Naming:
    """What becomes of rows whose patient_id is that of no patient.

    rows: rows by kind and table, zeros included: orphan, whose patient is not there; nobody or several, named by an
    identifier that no patient has, or that those of more than one person have; found. unattributed: source to table to
    the rows of the first three kinds, where there are any. persons: the patient_id of such
    an identifier as the one person that it names (person_id); None where no row is named by one.
    """

    def __init__(self, engine: Engine, snapshots: Sequence[Path], resident: ibis.Table) -> None:
        self._lost = lost = engine.keep("lost", _lost(engine, snapshots, resident))
        names = engine.keep("used_name", lost.filter(lost.is_named).select("patient_id").distinct())
        self.persons: ibis.Table | None = None
        self._patients: ibis.Table | None = None
        kinds = lost.mutate(kind=lost.is_named.ifelse(NOBODY, ORPHAN))
        if engine.count(names):
            bearers = engine.keep("bearer", _bearers(engine, snapshots, resident, names))
            who = bearers.group_by("name").agg(low=bearers.person_id.min(), high=bearers.person_id.max())
            self.persons = engine.keep(
                "named_person", who.filter(who.low == who.high).select(patient_id="name", person_id="low")
            )
            self._patients = bearers
            kinds = lost.left_join(who, lost.patient_id == who.name)
            kinds = kinds.mutate(
                kind=ibis.cases(
                    (~kinds.is_named, ORPHAN),
                    (kinds.low.isnull(), NOBODY),
                    (kinds.low != kinds.high, SEVERAL),
                    else_=FOUND,
                )
            )
        self.rows = {kind: dict.fromkeys(_TABLES, 0) for kind in (ORPHAN, NOBODY, SEVERAL, FOUND)}
        self.unattributed: dict[str, dict[str, int]] = {}
        counts = (
            kinds.group_by("source_id", "table", "kind").agg(n=kinds.n.sum()).order_by("source_id", "table", "kind")
        )
        for source, table, kind, n in zip(*engine.query(counts).to_pydict().values(), strict=True):
            self.rows[kind][table] += n
            if kind != FOUND:
                tables = self.unattributed.setdefault(source, {})
                tables[table] = tables.get(table, 0) + n

    def members(self, resident: ibis.Table) -> ibis.Table:
        """Every patient_id that stands for a person: patient_id and person_id."""
        own = resident.select("patient_id", "person_id")
        return own if self.persons is None else own.union(self.persons)

    def nobody(self) -> ibis.Table:
        """Every patient_id of rows that stands for no person, once. Column: patient_id."""
        lost = self._lost.select("patient_id").distinct()
        return lost if self.persons is None else lost.anti_join(self.persons, "patient_id")

    def attributed(self, rows: ibis.Table) -> ibis.Table:
        """`rows` of a table with the patient that each name stands for: one of the row's own source, if any."""
        if self.persons is None or self._patients is None:
            return rows
        sure = self._patients.join(self.persons, self._patients.name == self.persons.patient_id)
        sure = sure.select("name", "bearer_id", bearer_source="source_id")
        near = sure.group_by(near_name="name", near_source="bearer_source").agg(near=sure.bearer_id.min())
        far = sure.group_by(far_name="name").agg(far=sure.bearer_id.min())
        joined = rows.left_join(near, [rows.patient_id == near.near_name, rows.source_id == near.near_source])
        joined = joined.left_join(far, joined.patient_id == far.far_name)
        patient = ibis.coalesce(joined.near, joined.far, joined.patient_id)
        return joined.select(*[name for name in rows.columns if name != "patient_id"], patient_id=patient)


def _lost(engine: Engine, snapshots: Sequence[Path], resident: ibis.Table) -> ibis.Table:
    """Rows of no patient that is there. Columns: source_id, table, patient_id, n and is_named."""
    parts = [
        read_table(engine, snapshots, name).select("source_id", "patient_id", table=ibis.literal(name))
        for name in _TABLES
    ]
    rows = reduce(lambda left, right: left.union(right), parts).anti_join(resident, "patient_id")
    counted = rows.group_by("source_id", "table", "patient_id").agg(n=rows.count())
    return counted.mutate(is_named=counted.patient_id.endswith(NAMED))


def _bearers(engine: Engine, snapshots: Sequence[Path], resident: ibis.Table, names: ibis.Table) -> ibis.Table:
    """Patients with the identifiers that rows use. Columns: name, bearer_id (who speaks for the patient), source_id,
    person_id."""
    own = read_table(engine, snapshots, "patient_identifier").select("patient_id", name="named_id")
    own = own.join(names.select(name="patient_id"), "name").join(resident, "patient_id")
    keys = names.select(name="patient_id", nhs_key=names.patient_id.substr(0, _KEY_DIGITS))
    numbered = keys.join(resident, "nhs_key")
    columns = {"bearer_id": "speaker_id"}
    parts = [rows.select("name", "source_id", "person_id", **columns) for rows in (own, numbered)]
    return parts[0].union(parts[1])
