"""One way to a query engine: Ibis over an embedded DuckDB, bounded in memory and threads."""

from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend


def connect(temporary: Path, *, threads: int = 1, memory: str = "1GB") -> Backend:
    """A fresh DuckDB in memory that spills to `temporary`; instants are UTC, insertion order is not kept."""
    backend = ibis.duckdb.connect(
        threads=threads, memory_limit=memory, temp_directory=str(temporary), preserve_insertion_order=False
    )
    backend.raw_sql("SET TimeZone = 'UTC'")
    return backend
