"""The queries that decide numbers, as they are, on Spark beside DuckDB: every column of every row is the same."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.measures import Person, registry
from hi_fhir.measures.counts import Grouped, count_rows
from hi_fhir.measures.examples import EXAMPLE_PERIOD
from hi_fhir.measures.facts import LEAF_TABLE, PERSON_TABLE, all_leaves, fact_columns, fact_name, fact_rows, fact_schema
from hi_fhir.measures.frame import Frame
from hi_fhir.measures.leaves import event_input, event_inputs, event_types, leaf_rows, leaf_tables
from hi_fhir.measures.worked import IMD_YEAR, event_rows, example_codes, person_rows, units_of
from hi_fhir.tables.schema import LEAF
from hi_fhir.terminology.catalogue import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Spark leaves sockets open and warns of its own versions
]
pyspark_sql = pytest.importorskip("pyspark.sql")
MEASURES = registry.load()
LEAVES = all_leaves(MEASURES)
FRAME = Frame(EXAMPLE_PERIOD, EXAMPLE_PERIOD.end, IMD_YEAR)
PEOPLE: list[Person] = [example.person for measure in MEASURES for example in measure.examples]


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


def test_leaf_rows_facts_and_counts_are_the_same_on_spark(session: Any, tmp_path: Path) -> None:
    events, codes = event_rows(PEOPLE), example_codes(LEAVES, load())
    inputs = leaf_tables(LEAVES, FRAME, codes, units_of(PEOPLE))
    inputs |= {event_input(type_): events[type_] for type_ in event_types(LEAVES)}
    query = leaf_rows(LEAVES, FRAME, event_inputs(LEAVES))
    leaf = on_duckdb(tmp_path, query, inputs)
    assert len(leaf) > len(MEASURES)
    assert in_order(on_spark(session, query, inputs)) == in_order(leaf)

    inputs = {LEAF_TABLE: pa.Table.from_pylist(leaf, schema=LEAF), PERSON_TABLE: person_rows(PEOPLE, FRAME)}
    query = fact_rows(MEASURES, FRAME)
    fact = on_duckdb(tmp_path, query, inputs)
    assert len(fact) > len(MEASURES)
    assert in_order(on_spark(session, query, inputs)) == in_order(fact)

    inputs = {"fact": pa.Table.from_pylist(fact, schema=fact_schema(MEASURES))}
    names = [fact_name(measure.id, name) for measure in MEASURES for name in fact_columns(measure)]
    table = ibis.table(ibis.Schema.from_pyarrow(inputs["fact"].schema), name="fact")
    for grouped in (Grouped(None), *(Grouped(one) for one in MEASURES[0].stratifiers)):
        query = count_rows(table, grouped, names)
        assert in_order(on_spark(session, query, inputs)) == in_order(on_duckdb(tmp_path, query, inputs)), grouped
