"""What is made of rows in the engine has the columns that it is said to have."""

from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.duckdb import Backend

from hi_fhir.engine.connect import connect
from hi_fhir.engine.relations import keep, read_as, stage
from hi_fhir.tables.partial import TABLES

PEOPLE = pa.table({"id": ["b", "a"], "born": pa.array([date(1970, 1, 1), None]), "count": pa.array([1, 2], pa.int8())})


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return connect(tmp_path / "spill")


def rows_of(table: ibis.Table) -> list[dict[str, object]]:
    return table.order_by("id").to_pyarrow().to_pylist()


@pytest.mark.parametrize("table", TABLES)
def test_a_file_of_each_table_is_read_in_the_columns_of_its_schema(
    backend: Backend, tmp_path: Path, table: str
) -> None:
    path = tmp_path / "it's.parquet"
    pq.write_table(TABLES[table].empty_table(), path)

    read = read_as(backend, [path], "read", TABLES[table])

    assert read.schema() == backend.table("read").schema()


def test_what_is_kept_stays_as_it_was_and_has_the_types_of_its_rows(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(PEOPLE, path)
    read = read_as(backend, [path], "people", PEOPLE.schema)
    total = read.group_by("id").agg(n=read["count"].sum(), born=read.born.max())

    kept, staged = keep(backend, "kept", total), stage(backend, "staged", total)
    pq.write_table(PEOPLE.slice(1), path)

    assert [row["n"] for row in rows_of(kept)] == [2, 1]
    assert [row["id"] for row in rows_of(staged)] == ["a"]
    assert kept.schema() == staged.schema() == backend.table("kept", database=("temp", "main")).schema()


def test_a_table_in_memory_is_kept_and_replaced_by_the_next_of_its_name(backend: Backend) -> None:
    first = keep(backend, "kept", PEOPLE)
    assert rows_of(first) == sorted(PEOPLE.to_pylist(), key=lambda row: row["id"])

    second = keep(backend, "kept", first.join(ibis.memtable({"id": ["a"]}), "id").select("id"))
    assert rows_of(second) == [{"id": "a"}]
