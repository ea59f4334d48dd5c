"""Resolving small snapshots in tests: one call from builders to rows of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hi_fhir.cohorts.imports import AreaFile, PostcodeDirectory
from hi_fhir.cohorts.inputs import Resolution, ResolveInputs
from hi_fhir.cohorts.opt_outs import OptOuts
from hi_fhir.cohorts.resolve import resolve
from hi_fhir.core.days import Period
from hi_fhir.core.progress import Silent
from hi_fhir.engine.connect import connect
from hi_fhir.terminology.catalogue import Terminology, load
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
    inputs = ResolveInputs(snapshots, terminology, PERIOD, as_of, directory, areas, opt_out or OptOuts(), imd_year)
    out = root / "evaluation"
    found = resolve(connect(root / "spill"), inputs, out, Silent())
    people = {row["person_id"]: row for row in _rows(out / "person")}
    links = {row["patient_id"]: row["person_id"] for row in _rows(out / "link")}
    return Resolved(people, links, found, snapshots, out)


def _rows(folder: Path) -> Sequence[dict[str, Any]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()]
