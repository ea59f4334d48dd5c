"""The tables of several sources' snapshots, read as one."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

from hi_fhir.engine.relations import read_as
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.schema import BUCKETS


def read_table(
    backend: Backend, snapshots: Sequence[Path], table: str, buckets: Iterable[str] = BUCKETS, name: str | None = None
) -> ibis.Table:
    """One table of all snapshots, as a view called `name`, by default the table's own; made again, it replaces it."""
    files = ["all"] if table == "organization" else list(buckets)
    paths = (snapshot / table / f"{file}.parquet" for snapshot in snapshots for file in files)
    return read_as(backend, paths, name or table, TABLES[table])
