"""The engine on one machine: an embedded DuckDB behind Ibis, bounded in memory and threads.

Ibis's own `create_table`, `create_view` and `read_parquet` ask DuckDB for the columns of what they have just made, and
`create_table` copies it once more; on a small source that is a fifth of the time of resolving people. Here the columns
are known as a table is made, tables of Arrow are taken as they are, and SQL that was compiled before is found again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.core.files import owner_folder
from hi_fhir.engine.compiled import CompiledQueries, digest_of
from hi_fhir.engine.files import literal

_TEMPORARY = ops.Namespace(catalog="temp", database="main")


class DuckDB:
    """A fresh DuckDB in memory that spills to a folder; instants are UTC, insertion order is not kept."""

    def __init__(self, temporary: Path, *, threads: int, memory: str, compiled: CompiledQueries) -> None:
        self._backend = ibis.duckdb.connect(
            threads=threads, memory_limit=memory, temp_directory=str(temporary), preserve_insertion_order=False
        )
        self._connection = self._backend.con
        self._temporary = temporary
        self._connection.execute("SET TimeZone = 'UTC'")
        self._compiled = compiled
        self._uses: Counter[str] = Counter()
        self._read: dict[tuple[str, ...], ibis.Table] = {}
        self._in_memory: dict[ops.InMemoryTable, ops.DatabaseTable] = {}

    def read(self, name: str, paths: Sequence[Path | str], schema: pa.Schema | None = None) -> ibis.Table:
        """Parquet files of one schema as one table. schema: of the files; None: it is read from the first."""
        files = tuple(_text(literal(path)) for path in paths)
        if schema is not None and files in self._read:
            return self._read[files]
        columns = ibis.Schema.from_pyarrow(schema or pq.read_schema(paths[0]))
        table = self._view(name, _of_files(files), columns)
        if schema is not None:
            self._read[files] = table
        return table

    def keep(self, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
        """`rows` worked out once, as they are now, as a temporary table, which spills where memory is short."""
        if isinstance(rows, pa.Table):
            rows = ibis.memtable(rows)
        own = self._own_name(name)
        self._connection.execute(f"CREATE TEMP TABLE {_quoted(own)} AS {self._typed(rows)}")
        return self._table(own, rows.schema())

    def set_aside(self, name: str, rows: ibis.Table) -> ibis.Table:
        """`rows` worked out once, as they are now, in a file of the folder to which the engine spills."""
        own = self._own_name(name)
        path = owner_folder(self._temporary) / f"{own}.parquet"
        self._connection.execute(
            f"COPY ({self._typed(rows)}) TO {_text(str(path))} (FORMAT parquet, COMPRESSION uncompressed)"
        )
        self._connection.execute(f"CREATE TEMP VIEW {_quoted(own)} AS {_of_files([_text(literal(path))])}")
        return self._table(own, rows.schema())

    def stage(self, name: str, rows: ibis.Table) -> ibis.Table:
        """`rows` as a table that queries start from afresh: Ibis's compiler is slow on deep expressions."""
        return self._view(name, self.sql(rows), rows.schema())

    def query(self, rows: ibis.Table) -> pa.Table:
        """`rows`, worked out and brought here."""
        types = {name: type_.to_pyarrow() for name, type_ in rows.schema().items()}
        return self.rows_of(self.sql(rows)).cast(pa.schema(types))

    def count(self, rows: ibis.Table) -> int:
        """How many rows there are."""
        return int(self.query(rows.aggregate(n=rows.count()))["n"][0].as_py())

    def prepare(self, rows: ibis.Table) -> "PreparedQuery":
        """`rows` of unbound tables (`ibis.table`), which each run is given."""
        inputs = {node: self._own_name(f"input_{node.name}") for node in rows.op().find(ops.UnboundTable)}
        named = rows.op().replace({node: node.copy(name=own) for node, own in inputs.items()}).to_expr()
        return PreparedQuery(self, {node.name: own for node, own in inputs.items()}, self.sql(named))

    def close(self) -> None:
        """End the engine; its tables are gone."""
        self._compiled.save()
        self._backend.disconnect()

    def sql(self, rows: ibis.Table) -> str:
        """The SQL of `rows`, for which tables in memory that it reads are there."""
        node = rows.op()
        if isinstance(node, ops.InMemoryTable):
            node = self._registered(node)
        if isinstance(node, ops.DatabaseTable):
            return f"SELECT * FROM {_quoted(node.name)}"  # noqa: S608 a name of ours
        if in_memory := node.find(ops.InMemoryTable):
            rows = node.replace({one: self._registered(one) for one in in_memory}).to_expr()
        digest = digest_of(rows, self._backend)
        query = self._compiled.find(digest)
        if query is None:
            query = self._backend.compile(rows)
            self._compiled.add(digest, query)
        return query

    def bind(self, name: str, query: str) -> None:
        """Let `name`, of a prepared query alone, stand for what `query` reads."""
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {_quoted(name)} AS {query}")

    def rows_of(self, query: str) -> pa.Table:
        """What `query` reads."""
        return self._connection.sql(query).to_arrow_table()

    def _typed(self, rows: ibis.Table) -> str:
        """The SQL of `rows` with each column cast to its type."""
        types = self._backend.compiler.type_mapper
        columns = ", ".join(
            f"CAST({_quoted(column)} AS {types.to_string(type_)}) AS {_quoted(column)}"
            for column, type_ in rows.schema().items()
        )
        return f"SELECT {columns} FROM ({self.sql(rows)})"  # noqa: S608 Ibis's query and quoted names

    def _registered(self, table: ops.InMemoryTable) -> ops.DatabaseTable:
        """A table in memory under a name that depends on nothing but what came before."""
        if table not in self._in_memory:
            name = self._own_name("in_memory")
            self._connection.register(name, table.data.to_pyarrow(table.schema))
            self._in_memory[table] = self._table(name, table.schema).op()
        return self._in_memory[table]

    def _view(self, name: str, query: str, schema: ibis.Schema) -> ibis.Table:
        own = self._own_name(name)
        self._connection.execute(f"CREATE TEMP VIEW {_quoted(own)} AS {query}")
        return self._table(own, schema)

    def _table(self, name: str, schema: ibis.Schema) -> ibis.Table:
        nullable = ibis.schema({column: type_.copy(nullable=True) for column, type_ in schema.items()})
        return ops.DatabaseTable(name, schema=nullable, source=self._backend, namespace=_TEMPORARY).to_expr()

    def _own_name(self, name: str) -> str:
        self._uses[name] += 1
        return name if self._uses[name] == 1 else f"{name}.{self._uses[name]}"


class PreparedQuery:
    """SQL that was compiled once. inputs: the query's names of its inputs to those of the views behind them."""

    def __init__(self, engine: DuckDB, inputs: Mapping[str, str], query: str) -> None:
        self._engine = engine
        self._inputs = inputs
        self._query = query
        self._bound: dict[str, ibis.Table] = {}

    def run(self, inputs: Mapping[str, ibis.Table]) -> pa.Table:
        """Its rows. inputs: the tables that stand for each of the query's unbound ones, by name; others are ignored."""
        for name, own in self._inputs.items():
            if self._bound.get(name) is not inputs[name]:
                self._engine.bind(own, self._engine.sql(inputs[name]))
                self._bound[name] = inputs[name]
        return self._engine.rows_of(self._query)


def _of_files(quoted: Sequence[str]) -> str:
    return f"SELECT * FROM read_parquet([{', '.join(quoted)}], hive_partitioning = false)"  # noqa: S608 quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
