"""What is made of rows in the engine has the columns that it is said to have, and stays what it was."""

from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hi_fhir.engine.connect import connect
from hi_fhir.engine.duckdb import DuckDB
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.partial import TABLES

PEOPLE = pa.table({"id": ["b", "a"], "born": pa.array([date(1970, 1, 1), None]), "count": pa.array([1, 2], pa.int8())})
BY_ID = ibis.table(ibis.Schema.from_pyarrow(PEOPLE.schema), name="people")


@pytest.fixture
def engine(tmp_path: Path) -> DuckDB:
    return connect(tmp_path / "spill")


def rows_of(engine: Engine, table: ibis.Table) -> list[dict[str, object]]:
    return engine.query(table.order_by("id")).to_pylist()


@pytest.mark.parametrize("table", TABLES)
def test_a_file_of_each_table_is_read_in_the_columns_of_its_schema(engine: Engine, tmp_path: Path, table: str) -> None:
    path = tmp_path / "it's.parquet"
    pq.write_table(TABLES[table].empty_table(), path)

    read = engine.read("read", [path], TABLES[table])

    found = engine.query(read).schema
    assert (found.names, found.types) == (TABLES[table].names, TABLES[table].types)


def test_what_is_kept_stays_as_it_was_and_has_the_types_of_its_rows(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(PEOPLE, path)
    read = engine.read("people", [path])
    total = read.group_by("id").agg(n=read["count"].sum(), born=read.born.max())

    kept, staged = engine.keep("kept", total), engine.stage("staged", total)
    pq.write_table(PEOPLE.slice(1), path)

    assert [row["n"] for row in rows_of(engine, kept)] == [2, 1]
    assert [row["id"] for row in rows_of(engine, staged)] == ["a"]
    assert engine.query(kept).schema.field("n").type == pa.int64()


def test_what_is_set_aside_is_the_same_and_takes_no_memory(engine: DuckDB) -> None:
    people = ibis.memtable(PEOPLE)
    many = people.cross_join(ibis.range(50_000).unnest().name("number").as_table())

    aside = engine.set_aside("many", many.mutate(total=many["count"].sum()))
    before = _kept_bytes(engine)
    kept = engine.keep("many", aside)

    assert before == 0 < _kept_bytes(engine)
    assert aside.schema() == kept.schema()
    assert engine.query(aside.order_by("id", "number")).equals(engine.query(kept.order_by("id", "number")))
    assert engine.count(engine.set_aside("many", aside.filter(aside.number == 0))) == len(PEOPLE)
    assert engine.count(aside) == 50_000 * len(PEOPLE)


def _kept_bytes(engine: DuckDB) -> int:
    told = "SELECT sum(memory_usage_bytes)::BIGINT AS n FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
    return int(engine.rows_of(told)["n"][0].as_py())


def test_a_name_that_is_used_again_leaves_the_table_of_before_alone(engine: Engine) -> None:
    first = engine.keep("kept", PEOPLE)
    second = engine.keep("kept", first.join(ibis.memtable({"id": ["a"]}), "id").select("id"))
    third = engine.stage("kept", second.filter(second.id == "b"))

    assert rows_of(engine, first) == sorted(PEOPLE.to_pylist(), key=lambda row: row["id"])
    assert rows_of(engine, second) == [{"id": "a"}]
    assert rows_of(engine, third) == []


def test_a_prepared_query_reads_what_each_run_gives_it(engine: Engine) -> None:
    kept = engine.keep("people", PEOPLE)
    born = engine.prepare(BY_ID.filter(BY_ID.born.notnull()).select("id"))
    other = engine.prepare(BY_ID.select("id").order_by("id"))

    assert born.run({"people": kept}).to_pylist() == [{"id": "b"}]
    assert other.run({"people": kept.filter(kept["count"] == 2)}).to_pylist() == [{"id": "a"}]
    assert born.run({"people": kept.filter(kept["count"] == 2)}).to_pylist() == []
    assert born.run({"people": kept}).to_pylist() == [{"id": "b"}]


def test_a_prepared_query_without_one_of_its_inputs_is_not_run(engine: Engine) -> None:
    with pytest.raises(KeyError, match="people"):
        engine.prepare(BY_ID).run({})
