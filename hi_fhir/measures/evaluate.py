"""Running measures on the engine: events become leaf rows and leaf rows become facts, in a file a bucket of people."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import ibis

from hi_fhir.cohorts.people import write_buckets
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.facts import LEAF_TABLE, PERSON_TABLE, all_leaves, fact_rows, fact_schema
from hi_fhir.measures.leaves import event_input, event_inputs, leaf_rows, leaf_tables
from hi_fhir.measures.model import Measure
from hi_fhir.tables.schema import LEAF, PERSON

EVALUATION_VERSION = 10
"""Part of every evaluation's id. Raise it when the same definitions and tables come to give other numbers."""


class Evaluator:
    """All measures over one range of buckets of people after another; the queries are made once."""

    def __init__(
        self,
        engine: Engine,
        measures: Sequence[Measure],
        context: EvaluationContext,
        codes: Codes,
        units: Iterable[str],
    ) -> None:
        """units: those of all readings, as received."""
        leaves = all_leaves(measures)
        self._engine = engine
        self._codes = {
            name: engine.keep(name, rows) for name, rows in leaf_tables(leaves, context, codes, units).items()
        }
        self._leaf_query = engine.prepare(leaf_rows(leaves, context, event_inputs(leaves)))
        self._fact_query = engine.prepare(fact_rows(measures, context))
        self._fact_schema = fact_schema(measures)

    def write_leaves(self, events: Mapping[str, ibis.Table], buckets: str, folder: Path) -> None:
        """`folder`/leaf of the buckets, in total order. events: EVENT's rows of these by `event_types`."""
        given = {event_input(type_): rows for type_, rows in events.items()}
        write_buckets(self._leaf_query.run(self._codes | given), LEAF, buckets, folder / "leaf")

    def write_facts(self, buckets: str, folder: Path) -> None:
        """`folder`/fact of the buckets from their people and leaf rows in `folder`, in order of person_id."""
        given = {
            table: self._engine.read(table, [folder / table / f"{bucket}.parquet" for bucket in buckets], schema)
            for table, schema in ((PERSON_TABLE, PERSON), (LEAF_TABLE, LEAF))
        }
        write_buckets(self._fact_query.run(given), self._fact_schema, buckets, folder / "fact")
