"""The queries that decide numbers, as they are, on Spark beside DuckDB: every column of every row is the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import Person, registry
from hi_fhir.measures.counts import Grouped, count_rows
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.facts import LEAF_TABLE, PERSON_TABLE, all_leaves, fact_columns, fact_name, fact_rows, fact_schema
from hi_fhir.measures.leaves import event_input, event_inputs, event_types, leaf_rows, leaf_tables
from hi_fhir.measures.model import Measure
from hi_fhir.measures.worked import IMD_YEAR, event_rows, example_codes, person_rows, units_of
from hi_fhir.tables.schema import LEAF
from hi_fhir.terminology.catalogue import load
from tests.support import word_tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Spark leaves sockets open and warns of its own versions
]
pyspark_sql = pytest.importorskip("pyspark.sql")
CONTEXTS = [EvaluationContext(EXAMPLE_PERIOD, as_of, IMD_YEAR) for as_of in word_tables.days()]


class Case(NamedTuple):
    """Measures, the people whom they are asked of, and when."""

    measures: Sequence[Measure]
    people: Sequence[Person]
    context: EvaluationContext


def released() -> Case:
    """The measures that are released, by all their strata, of the people of all their examples."""
    measures = registry.load()
    people = [example.person for measure in measures for example in measure.examples]
    return Case(measures, people, EvaluationContext(EXAMPLE_PERIOD, EXAMPLE_PERIOD.end, IMD_YEAR))


def every_word(context: EvaluationContext) -> Case:
    """A measure for each table of the words on a day, of the people of all of them; by the breakdowns by words."""
    tables = [table for table in word_tables.every_table() if table.as_of == context.as_of]
    strata = [table for table in word_tables.strata_tables() if table.as_of == context.as_of]
    people = [row.person for table in [*tables, *strata] for row in table.rows]
    by_words = tuple(table.word for table in strata)
    measures = [
        replace(word_tables.measure_of(table, f"word-{number}"), stratifiers=by_words)
        for number, table in enumerate(tables)
    ]
    return Case(measures, people, context)


CASES = {"released": released(), **{f"words on {context.as_of}": every_word(context) for context in CONTEXTS}}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    builder = pyspark_sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
    builder = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    started = session.getOrCreate()
    yield started
    started.stop()


def on_spark(session: Any, rows: ibis.Table, inputs: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    """The rows of a query of unbound tables."""
    for name, table in inputs.items():
        session.createDataFrame(table).createOrReplaceTempView(name)
    found: list[dict[str, Any]] = ibis.pyspark.connect(session).to_pyarrow(rows).to_pylist()
    return found


def on_duckdb(folder: Path, rows: ibis.Table, inputs: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    engine = connect(folder / "spill")
    found = engine.prepare(rows).run({name: engine.keep(name, table) for name, table in inputs.items()}).to_pylist()
    engine.close()
    return found


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_leaf_rows_facts_and_counts_are_the_same_on_spark(case: Case, session: Any, tmp_path: Path) -> None:
    found = all_leaves(case.measures)
    events, codes = event_rows(case.people), example_codes(found, load())
    inputs = leaf_tables(found, case.context, codes, units_of(case.people))
    inputs |= {event_input(type_): events[type_] for type_ in event_types(found)}
    query = leaf_rows(found, case.context, event_inputs(found))
    leaf = on_duckdb(tmp_path, query, inputs)
    if case.context.as_of == EXAMPLE_PERIOD.end:
        assert {type(found[row["leaf_id"]]) for row in leaf} == {type(one) for one in found}
    assert in_order(on_spark(session, query, inputs)) == in_order(leaf)

    inputs = {LEAF_TABLE: pa.Table.from_pylist(leaf, schema=LEAF), PERSON_TABLE: person_rows(case.people, case.context)}
    query = fact_rows(case.measures, case.context)
    fact = on_duckdb(tmp_path, query, inputs)
    assert fact
    assert in_order(on_spark(session, query, inputs)) == in_order(fact)

    inputs = {"fact": pa.Table.from_pylist(fact, schema=fact_schema(case.measures))}
    names = [fact_name(measure.id, name) for measure in case.measures for name in fact_columns(measure)]
    table = ibis.table(ibis.Schema.from_pyarrow(inputs["fact"].schema), name="fact")
    for grouped in (Grouped(None), *(Grouped(one) for one in case.measures[0].stratifiers)):
        query = count_rows(grouped.rows(table), names)
        assert in_order(on_spark(session, query, inputs)) == in_order(on_duckdb(tmp_path, query, inputs)), grouped
