"""Files read by the query engine for what they are, whatever they and their folders are called.

DuckDB takes `*`, `?` and `[` in a path for a pattern, of which other folders' files may be, and `name=value` for a
column of the table.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

_PATTERN = re.compile(r"[*?[]")


def literal(path: Path | str) -> str:
    """The path as the engine takes it for itself alone: absolute, since it would take `~` for a home."""
    return _PATTERN.sub(r"[\g<0>]", str(Path(path).absolute()))


def read_parquet(backend: Backend, paths: Iterable[Path | str], name: str) -> ibis.Table:
    """The files as one table behind the view `name`, which is replaced."""
    return backend.read_parquet([literal(path) for path in paths], table_name=name, hive_partitioning=False)
