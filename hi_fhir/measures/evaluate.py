"""Running measures on the engine: bucket by bucket events become leaf rows and leaf rows become facts, in files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

from hi_fhir.core.files import commit_file, owner_folder
from hi_fhir.measures.facts import LEAF_TABLE, PERSON_TABLE, all_leaves, fact_rows
from hi_fhir.measures.frame import Codes, Frame
from hi_fhir.measures.leaves import leaf_rows, leaf_tables
from hi_fhir.measures.model import ProportionMeasure

EVALUATION_VERSION = 1
"""Part of every evaluation's id. Raise it when the same definitions and tables come to give other numbers."""


class Evaluator:
    """All measures over one bucket of people after another; the queries are made once."""

    def __init__(
        self,
        backend: Backend,
        measures: Sequence[ProportionMeasure],
        frame: Frame,
        codes: Codes,
        events: Mapping[str, ibis.Table],
    ) -> None:
        """events: each of `event_types` to CLINICAL's columns and person_id, of whichever bucket is at hand."""
        leaves = all_leaves(measures)
        self._backend = backend
        for name, rows in leaf_tables(leaves, frame, codes).items():
            backend.create_table(name, rows, temp=True, overwrite=True)
        self._leaf_query = backend.compile(leaf_rows(leaves, frame, events))
        self._fact_query = backend.compile(fact_rows(measures, frame))

    def write_leaves(self, leaf: Path) -> None:
        """The leaf rows of the bucket that the events are of now, in total order."""
        self._write(self._leaf_query, leaf)

    def write_facts(self, person: Path, leaf: Path, fact: Path) -> None:
        """The facts of a bucket from its people and its leaf rows, in order of person_id."""
        self._backend.read_parquet(person, table_name=PERSON_TABLE)
        self._backend.read_parquet(leaf, table_name=LEAF_TABLE)
        self._write(self._fact_query, fact)

    def _write(self, query: str, path: Path) -> None:
        temporary = owner_folder(path.parent) / f".{path.name}.{os.getpid()}.tmp"
        self._backend.con.sql(query).write_parquet(str(temporary), compression="zstd")
        commit_file(temporary, path)
