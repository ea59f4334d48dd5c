"""One way to a query engine."""

from pathlib import Path

from hi_fhir.engine.compiled import CompiledQueries
from hi_fhir.engine.duckdb import DuckDB


def connect(
    temporary: Path, *, threads: int = 1, memory: str = "1GB", compiled: CompiledQueries | None = None
) -> DuckDB:
    """A fresh engine. temporary: where it spills to what finds no place in `memory`. compiled: what it starts from."""
    return DuckDB(temporary, threads=threads, memory=memory, compiled=compiled or CompiledQueries())
