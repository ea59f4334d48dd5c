"""Patient records as people. Rule `people`, version 1 (docs/explanation/rules.md)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import ibis
import pyarrow as pa

from hi_fhir.cohorts.merging import UNREADABLE, Merges, merges
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.views.nhs_number import PLACEHOLDER

VERSION = "1"
SHARED_BY = 10
"""From so many patients of one source on, a number that they share is a placeholder."""


class Linked:
    """resident: patients with their person_id.

    Columns beside those of `patient`: person_id; is_merged, whether another patient has replaced this one; speaker_id,
    that other, else the patient itself. nhs_number and nhs_key are without numbers that many share; active is the
    speaker's, and who was merged is not dead: their fields are no longer the person's.

    conflicts: patients whose number others have with another birth date. merged: as `Merges.found`.
    """

    def __init__(self, engine: Engine, snapshots: Sequence[Path], patient: ibis.Table) -> None:
        found = _merges(engine, read_table(engine, snapshots, "patient_link"), patient)
        self.merged: Counter[str] = found.found
        ids, survivors = list(found.survivors), list(found.survivors.values())
        merged = engine.keep(
            "merged",
            pa.table({"merged_id": pa.array(ids, pa.string()), "survivor_id": pa.array(survivors, pa.string())}),
        )
        marked = patient.left_join(merged, patient.patient_id == merged.merged_id)
        marked = engine.stage("marked", marked.mutate(is_merged=marked.survivor_id.notnull()))
        numbers = engine.keep("number", _numbers(marked.filter(~marked.is_merged)))
        by_number = marked.left_join(numbers, marked.nhs_key == numbers.number_key)
        provisional = engine.set_aside("provisional", _provisional(by_number))
        self.resident = engine.set_aside("resident", _with_survivors(provisional)) if ids else provisional
        differing = numbers.filter(numbers.differ)
        self.conflicts = engine.query(differing.agg(n=differing.patients.sum()))["n"][0].as_py() or 0


def _merges(engine: Engine, links: ibis.Table, patient: ibis.Table) -> Merges:
    """The merges that the sources' links come to."""
    rows = engine.query(links.select("patient_id", "other_id", "kind")).to_pylist()
    if not rows:
        return Merges()
    edges = [
        (row["patient_id"], row["other_id"]) if row["kind"] == "replaced-by" else (row["other_id"], row["patient_id"])
        for row in rows
        if row["other_id"]
    ]
    ends = ibis.memtable(
        pa.table({"patient_id": pa.array(sorted({end for edge in edges for end in edge}), pa.string())})
    )
    there = engine.query(patient.join(ends, "patient_id").select("patient_id", "active"))
    found = merges(edges, dict(zip(there["patient_id"].to_pylist(), there["active"].to_pylist(), strict=True)))
    found.found[UNREADABLE] = len(rows) - len(edges)
    return found


def _numbers(standing: ibis.Table) -> ibis.Table:
    """Numbers of several patients. standing: patients that none has replaced.

    Grain: one row per keyed NHS number. Columns: number_key, least (patient_id), patients, shared (a placeholder),
    differ (two of its birth dates, of which a partial one is an interval, cannot be the same; a missing one is as any).
    """
    numbered = standing.filter(standing.nhs_key.notnull())
    by_source = numbered.group_by("nhs_key", "source_id").agg(
        n=numbered.count(),
        least=numbered.patient_id.min(),
        latest=numbered.birth_date.max(),
        earliest=numbered.birth_date_last.min(),
    )
    groups = by_source.group_by("nhs_key").agg(
        patients=by_source.n.sum(),
        most=by_source.n.max(),
        least=by_source.least.min(),
        latest=by_source.latest.max(),
        earliest=by_source.earliest.min(),
    )
    several = groups.filter(groups.patients > 1)
    shared = several.most >= SHARED_BY
    differ = ibis.coalesce(several.latest > several.earliest, False)
    return several.select("patients", "least", number_key="nhs_key", shared=shared, differ=~shared & differ)


def _provisional(patient: ibis.Table) -> ibis.Table:
    """Patients with the person that their number makes them; those who were merged are not yet their survivor's."""
    shared = ibis.coalesce(patient.shared, False)
    links = patient.number_key.notnull() & ~shared & ~ibis.coalesce(patient.differ, False)
    own = [name for name in patient.columns if name not in _OF_NUMBERS]
    return patient.select(
        *own,
        nhs_number=shared.ifelse(PLACEHOLDER, patient.nhs_number),
        nhs_key=shared.ifelse(ibis.null("string"), patient.nhs_key),
        speaker_id=ibis.coalesce(patient.survivor_id, patient.patient_id),
        person_id=links.ifelse(patient.least, patient.patient_id),
    )


_OF_NUMBERS = (
    "nhs_number",
    "nhs_key",
    "merged_id",
    "survivor_id",
    "number_key",
    "patients",
    "least",
    "shared",
    "differ",
)


def _with_survivors(provisional: ibis.Table) -> ibis.Table:
    """`provisional` with everybody who was merged as the person that the survivor is."""
    survivors = provisional.filter(~provisional.is_merged).select(
        head_id="patient_id", head_person="person_id", head_active="active"
    )
    merged = provisional.filter(provisional.is_merged)
    joined = merged.join(survivors, merged.speaker_id == survivors.head_id)
    theirs = joined.select(
        *[name for name in provisional.columns if name not in ("person_id", "active", "dead")],
        person_id=joined.head_person,
        active=joined.head_active,
        dead=ibis.literal(False),
    ).select(*provisional.columns)
    return provisional.filter(~provisional.is_merged).union(theirs)
