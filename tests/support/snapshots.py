"""Snapshots of made-up tables, so that a test of what comes after flatten needs no FHIR."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.core.files import sha256_file
from hi_fhir.tables.flatten import KERNEL_VERSION
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.schema import BUCKETS, SCHEMA_VERSION
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import FORMAT, MANIFEST, SnapshotManifest

KEY_ID = "0123456789abcdef"
WHOLE = ("Condition", "Encounter", "EpisodeOfCare", "Observation", "Organization", "Patient", "Procedure")


def write_snapshot(
    folder: Path, tables: Mapping[str, pa.Table], *, source: str = "main", data_date: date = date(2025, 4, 2)
) -> Path:
    """A finished snapshot of `tables`, by name; a table that is not given is empty."""
    hashes = {}
    for name, schema in TABLES.items():
        if name == "identity":
            continue
        rows = tables.get(name, schema.empty_table())
        for bucket in ["all"] if name == "organization" else BUCKETS:
            path = folder / name / f"{bucket}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows if bucket == "all" else _of(rows, bucket), path, compression="zstd")
            hashes[f"{name}/{bucket}.parquet"] = sha256_file(path)
    rows_of = {name: rows.num_rows for name, rows in tables.items()}
    commit_snapshot(folder, source=source, data_date=data_date, tables=hashes, rows=rows_of)
    return folder


def commit_snapshot(
    folder: Path,
    *,
    source: str = "main",
    data_date: date = date(2025, 4, 2),
    practice: str | None = None,
    tables: Mapping[str, str] = MappingProxyType({}),
    rows: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """The manifest of a snapshot alone. practice: whose own its source is declared to be. tables, rows: as of it."""
    manifest = SnapshotManifest(
        id=folder.name,
        source_id=source,
        schema_version=SCHEMA_VERSION,
        kernel_version=KERNEL_VERSION,
        key_id=KEY_ID,
        parents=(),
        pulls=(),
        data_date=data_date.isoformat(),
        scope=Scope(types=dict.fromkeys(WHOLE)),
        practice=practice,
        tables=dict(tables),
        rows=dict(rows),
        reconciliation={},
        quarantine={},
        dated_by={},
        not_offered={},
        lost={},
    )
    folder.mkdir(parents=True, exist_ok=True)
    FORMAT.commit(folder / MANIFEST, manifest)


def _of(rows: pa.Table, bucket: str) -> pa.Table:
    return rows.filter(pc.starts_with(rows["patient_id"], bucket))
