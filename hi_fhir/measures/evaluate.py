"""Running measures on the engine: events become leaf rows and leaf rows become facts, in a file a bucket of people."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.cohorts.people import write_buckets
from hi_fhir.engine.files import read_parquet
from hi_fhir.engine.relations import keep
from hi_fhir.measures.facts import LEAF_TABLE, PERSON_TABLE, all_leaves, fact_rows, fact_schema
from hi_fhir.measures.frame import Codes, Frame
from hi_fhir.measures.leaves import leaf_rows, leaf_tables
from hi_fhir.measures.model import Measure
from hi_fhir.tables.schema import LEAF

EVALUATION_VERSION = 7
"""Part of every evaluation's id. Raise it when the same definitions and tables come to give other numbers."""


class Evaluator:
    """All measures over one range of buckets of people after another; the queries are made once."""

    def __init__(
        self,
        backend: Backend,
        measures: Sequence[Measure],
        frame: Frame,
        codes: Codes,
        events: Mapping[str, ibis.Table],
        units: Iterable[str],
    ) -> None:
        """events: each of `event_types` to CLINICAL's columns and person_id, of whichever buckets are at hand. units:
        those of all readings, as received."""
        leaves = all_leaves(measures)
        self._backend = backend
        for name, rows in leaf_tables(leaves, frame, codes, units).items():
            keep(backend, name, rows)
        self._leaf_query = backend.compile(leaf_rows(leaves, frame, events))
        self._fact_query = backend.compile(fact_rows(measures, frame))
        self._fact_schema = fact_schema(measures)

    def write_leaves(self, buckets: str, folder: Path) -> None:
        """`folder`/leaf of the buckets that the events are of now, in total order."""
        self._write(self._leaf_query, LEAF, buckets, folder / "leaf")

    def write_facts(self, buckets: str, folder: Path) -> None:
        """`folder`/fact of the buckets from their people and leaf rows in `folder`, in order of person_id."""
        for table in (PERSON_TABLE, LEAF_TABLE):
            read_parquet(self._backend, (folder / table / f"{bucket}.parquet" for bucket in buckets), table)
        self._write(self._fact_query, self._fact_schema, buckets, folder / "fact")

    def _write(self, query: str, schema: pa.Schema, buckets: str, folder: Path) -> None:
        rows = self._backend.con.sql(query).to_arrow_table()
        write_buckets(rows, schema, buckets, folder)
