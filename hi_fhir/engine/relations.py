"""Tables and views of the query engine whose columns are known as they are made.

Ibis's own `create_table`, `create_view` and `read_parquet` ask the engine for the columns of what they have just made,
and `create_table` copies it once more; on a small source that is a fifth of the time of resolving people.
"""

from collections.abc import Iterable
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.engine.files import literal

_TEMPORARY = ops.Namespace(catalog="temp", database="main")


def keep(backend: Backend, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
    """`rows` worked out once and kept as a temporary table, which spills where memory is short."""
    if isinstance(rows, pa.Table):
        rows = ibis.memtable(rows)
    types = backend.compiler.type_mapper
    columns = ", ".join(
        f"CAST({_quoted(column)} AS {types.to_string(type_)}) AS {_quoted(column)}"
        for column, type_ in rows.schema().items()
    )
    query = f"SELECT {columns} FROM ({_query(backend, rows)})"  # noqa: S608 Ibis's query and quoted names
    backend.con.execute(f"CREATE OR REPLACE TEMP TABLE {_quoted(name)} AS {query}")
    return _table(backend, name, rows.schema(), _TEMPORARY)


def stage(backend: Backend, name: str, rows: ibis.Table) -> ibis.Table:
    """`rows` behind a view, so that Ibis, whose compiler is slow on deep expressions, starts afresh."""
    backend.con.execute(f"CREATE OR REPLACE VIEW {_quoted(name)} AS {_query(backend, rows)}")
    return _table(backend, name, rows.schema(), ops.Namespace())


def read_as(backend: Backend, paths: Iterable[Path | str], name: str, schema: pa.Schema) -> ibis.Table:
    """Parquet files of one schema as one table behind the view `name`, which is replaced."""
    files = ", ".join(_text(literal(path)) for path in paths)
    query = f"SELECT * FROM read_parquet([{files}], hive_partitioning = false)"  # noqa: S608 quoted, each of them
    backend.con.execute(f"CREATE OR REPLACE TEMP VIEW {_quoted(name)} AS {query}")
    return _table(backend, name, ibis.Schema.from_pyarrow(schema), ops.Namespace())


def _query(backend: Backend, rows: ibis.Table) -> str:
    """The SQL of `rows`, for which tables in memory that it reads are there."""
    backend._register_in_memory_tables(rows)
    query: str = backend.compile(rows)
    return query


def _table(backend: Backend, name: str, schema: ibis.Schema, place: ops.Namespace) -> ibis.Table:
    nullable = ibis.schema({column: type_.copy(nullable=True) for column, type_ in schema.items()})
    return ops.DatabaseTable(name, schema=nullable, source=backend, namespace=place).to_expr()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
