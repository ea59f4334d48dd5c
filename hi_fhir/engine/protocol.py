"""What this package asks of a query engine; DuckDB is one, and another is one more class of these methods."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import ibis
import pyarrow as pa


class Prepared(Protocol):
    """A query whose inputs are named tables: made once, and run as often as there are inputs."""

    def run(self, inputs: Mapping[str, ibis.Table]) -> pa.Table:
        """Its rows. inputs: the tables that stand for each of the query's unbound ones, by name; others are ignored."""


class Engine(Protocol):
    """Names say what a table is where queries are read; a name that is used again never changes the table of before."""

    def read(self, name: str, paths: Sequence[Path | str], schema: pa.Schema | None = None) -> ibis.Table:
        """Parquet files of one schema as one table. schema: of the files; None: it is read from the first."""

    def keep(self, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
        """`rows` worked out once, as they are now."""

    def set_aside(self, name: str, rows: ibis.Table) -> ibis.Table:
        """The same for as many rows as there are people, which stay out of memory until they are read."""

    def stage(self, name: str, rows: ibis.Table) -> ibis.Table:
        """`rows` as a table that queries start from afresh: Ibis's compiler is slow on deep expressions."""

    def query(self, rows: ibis.Table) -> pa.Table:
        """`rows`, worked out and brought here."""

    def count(self, rows: ibis.Table) -> int:
        """How many rows there are."""

    def prepare(self, rows: ibis.Table) -> Prepared:
        """`rows` of unbound tables (`ibis.table`), which each run is given."""

    def close(self) -> None:
        """End the engine; its tables are gone."""
