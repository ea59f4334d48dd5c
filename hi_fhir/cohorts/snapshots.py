"""The tables of several sources' snapshots, read as one."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.engine.files import read_parquet
from hi_fhir.tables.schema import BUCKETS


def read_table(
    backend: Backend, snapshots: Sequence[Path], table: str, buckets: Iterable[str] = BUCKETS, name: str | None = None
) -> ibis.Table:
    """One table of all snapshots, as a view called `name`, by default the table's own; made again, it replaces it."""
    files = ["all"] if table == "organization" else list(buckets)
    paths = (snapshot / table / f"{file}.parquet" for snapshot in snapshots for file in files)
    return read_parquet(backend, paths, name or table)


def keep(backend: Backend, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
    """`rows` worked out once and kept as a temporary table, which spills where memory is short."""
    return backend.create_table(name, rows, temp=True, overwrite=True)


def stage(backend: Backend, name: str, rows: ibis.Table) -> ibis.Table:
    """`rows` behind a view, so that Ibis, whose compiler is slow on deep expressions, starts afresh."""
    return backend.create_view(name, rows, overwrite=True)
