"""The tables of several sources' snapshots, read as one."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis

from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.schema import BUCKETS


def read_table(
    engine: Engine, snapshots: Sequence[Path], table: str, buckets: Iterable[str] = BUCKETS, name: str | None = None
) -> ibis.Table:
    """One table of all snapshots, called `name`, by default as the table."""
    files = ["all"] if table == "organization" else list(buckets)
    paths = [snapshot / table / f"{file}.parquet" for snapshot in snapshots for file in files]
    return engine.read(name or table, paths, TABLES[table])
