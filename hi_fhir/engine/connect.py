"""One way to a query engine."""

from pathlib import Path

from hi_fhir.engine.duckdb import DuckDB


def connect(temporary: Path, *, threads: int = 1, memory: str = "1GB") -> DuckDB:
    """A fresh engine. temporary: where it spills to what finds no place in `memory`."""
    return DuckDB(temporary, threads=threads, memory=memory)
