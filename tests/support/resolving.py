"""Resolving small snapshots in tests: one call from builders to rows of people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hi_fhir.cohorts.imports import AreaFile, PostcodeDirectory
from hi_fhir.cohorts.inputs import Resolution, ResolveInputs
from hi_fhir.cohorts.opt_outs import OptOuts
from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.cohorts.resolve import resolve
from hi_fhir.core.clock import SystemClock
from hi_fhir.core.days import Period
from hi_fhir.core.progress import Silent
from hi_fhir.engine.connect import connect
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.identity import load_key
from hi_fhir.terminology.catalogue import Terminology, load
from tests.support.landing import SOURCE, config_in, land
from tests.support.tables import SnapshotBuilder

PERIOD = Period(date(2024, 4, 1), date(2025, 3, 31))
_TERMINOLOGY = load()


@dataclass(frozen=True)
class Resolved:
    """people: rows of `person` by person_id. links: patient_id to person_id. found: the counts."""

    people: dict[str, dict[str, Any]]
    links: dict[str, str]
    found: Resolution
    snapshots: tuple[Path, ...]
    out: Path

    def __getitem__(self, patient_id: str) -> dict[str, Any]:
        """The person that a patient is."""
        return self.people[self.links[patient_id]]


def resolve_snapshots(
    root: Path,
    *builders: SnapshotBuilder,
    as_of: date = PERIOD.end,
    directory: PostcodeDirectory | None = None,
    areas: AreaFile | None = None,
    opt_out: OptOuts | None = None,
    imd_year: int = 2025,
    terminology: Terminology = _TERMINOLOGY,
) -> Resolved:
    snapshots = tuple(builder.write(root / "snapshots") for builder in builders)
    return _resolve(root, snapshots, as_of, directory, areas, opt_out, imd_year, terminology)


def resolve_records(
    root: Path,
    *records: dict[str, Any],
    practice: str | None = None,
    data_date: date = date(2025, 4, 2),
    as_of: date = PERIOD.end,
    directory: PostcodeDirectory | None = None,
    areas: AreaFile | None = None,
) -> dict[str, Any]:
    """FHIR records of one source, flattened and resolved: people by the id of their patient, and the counts as "found".

    practice: that the source is declared to be.
    """
    config = config_in(root)
    chunks: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        chunks.setdefault(f"{record['resourceType']}/000", []).append(record)
    pull = land(config, chunks, data_date=data_date.isoformat())
    source = replace(SOURCE, practice=practice)
    manifest = flatten(config, SystemClock(), source, pull, Silent())
    assert not manifest.quarantine
    snapshot = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id
    resolved = _resolve(root, (snapshot,), as_of, directory, areas)
    key = load_key(config.key_file)
    patients = [record["id"] for record in records if record["resourceType"] == "Patient"]
    people = {id_: resolved[key.patient_id(SOURCE.name, id_)] for id_ in patients}
    return {**people, "found": resolved.found}


def _resolve(
    root: Path,
    snapshots: tuple[Path, ...],
    as_of: date,
    directory: PostcodeDirectory | None,
    areas: AreaFile | None,
    opt_out: OptOuts | None = None,
    imd_year: int = 2025,
    terminology: Terminology = _TERMINOLOGY,
) -> Resolved:
    inputs = ResolveInputs(snapshots, terminology, PERIOD, as_of, directory, areas, opt_out or OptOuts(), imd_year)
    out = root / "evaluation"
    found = resolve(connect(root / "spill"), inputs, out, Silent())
    people = {row["person_id"]: row for row in _rows(out / "person")}
    linked = pq.ParquetFile(out / LINK_FILE).read().to_pylist()
    links = {id_: id_ for id_ in people} | {row["patient_id"]: row["person_id"] for row in linked if row["person_id"]}
    return Resolved(people, links, found, snapshots, out)


def _rows(folder: Path) -> Sequence[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]
