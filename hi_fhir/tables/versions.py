"""One version a resource: the newest of those that arrived, whoever the older ones belonged to.

Newest is the greatest of (meta.lastUpdated, tombstone or not, numeric versionId, entered in error or not, hash of its rows), which knows
nothing of files, order or workers. Ids that came once are not looked at again: only duplicated ones are sorted out.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.views.elements import State
from hi_fhir.tables.views.registry import VIEWS

_KEYS_A_PASS = 4_000_000


class Versions(NamedTuple):
    """What became of the versions. `dropped`: sorted seqs of those whose rows must not reach a table."""

    dropped: np.ndarray
    superseded: dict[str, int]
    deleted: dict[str, int]
    newest_us: int | None


def settle_versions(folders: Sequence[Path], keys: int, temporary: Path, memory_mb: int) -> Versions:
    """Decide between the versions of every resource in the chunks' results, which stand in the order of their numbers."""
    temporary.mkdir(exist_ok=True)
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        connection.execute("SET temp_directory = ?", [str(temporary)])
        return _settle(connection, folders, keys)
    finally:
        connection.close()


def _settle(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], keys: int) -> Versions:
    files = [str(folder / "keys.parquet") for folder in folders]
    connection.execute("CREATE TABLE verdict (type VARCHAR, seq BIGINT, place BIGINT, state TINYINT)")
    passes = max(1, -(-keys // _KEYS_A_PASS))
    for number in range(passes if files else 0):
        part = f"WHERE hash(id) % {passes} = {number}" if passes > 1 else ""
        connection.execute(f"CREATE OR REPLACE TEMP VIEW part AS SELECT * FROM read_parquet({files!r}) {part}")
        _judge(connection, folders)
    dropped = connection.execute(
        "SELECT DISTINCT seq FROM verdict WHERE place > 1 AND state = 0 ORDER BY seq"
    ).fetchnumpy()["seq"]
    newest = None
    if files:
        [newest] = connection.execute(
            f"SELECT epoch_us(max(updated)) FROM read_parquet({files!r}) WHERE state = {State.KEPT}"
        ).fetchone() or [None]
    return Versions(
        dropped=np.asarray(dropped, dtype=np.int64),
        superseded=_count(connection, f"place > 1 AND state <> {State.NOT_ASKED_FOR}"),
        deleted=_count(connection, f"place = 1 AND state IN ({State.DELETED}, {State.TOMBSTONE})"),
        newest_us=newest,
    )


def _count(connection: duckdb.DuckDBPyConnection, condition: str) -> dict[str, int]:
    return dict(connection.execute(f"SELECT type, count(*) FROM verdict WHERE {condition} GROUP BY type").fetchall())


def _judge(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """Add to `verdict` the versions of this part's ids that came more than once or were deleted, each with its place."""
    connection.sql(
        """CREATE OR REPLACE TEMP TABLE doubted AS
        SELECT type, id FROM part GROUP BY type, id HAVING count(*) > 1 OR max(state IN (1, 3))"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE rival AS
        SELECT type, id, seq, state, rank() OVER (
            PARTITION BY type, id
            ORDER BY updated DESC NULLS LAST, (state = 3) DESC, coalesce(try_cast(version AS HUGEINT), -1) DESC, (state = 1) DESC
        ) AS place
        FROM part SEMI JOIN doubted USING (type, id)"""
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE content (seq BIGINT, digest VARCHAR)")
    tied = connection.sql(
        """SELECT DISTINCT seq, type FROM (
            SELECT *, count(*) OVER (PARTITION BY type, id) AS n FROM rival WHERE place = 1 AND state NOT IN (1, 3)
        ) WHERE n > 1 ORDER BY seq"""
    ).to_arrow_table()
    for digests in _digests(connection, folders, tied):
        connection.register("digests", digests)
        connection.execute("INSERT INTO content SELECT * FROM digests")
        connection.unregister("digests")
    connection.execute(
        """INSERT INTO verdict
        SELECT type, seq, row_number() OVER (
            PARTITION BY type, id ORDER BY place, coalesce(digest, '') DESC, seq
        ), state
        FROM rival LEFT JOIN content USING (seq)"""
    )


def _digests(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], tied: pa.Table) -> Iterable[pa.Table]:
    """For each tied version the hash of its rows, in whatever table they are: equal content, equal hash."""
    numbers = pc.shift_right(tied["seq"], 32)
    for number in pc.unique(numbers).to_pylist():
        mine = tied.filter(pc.equal(numbers, number))
        tables = sorted({table for type_ in pc.unique(mine["type"]).to_pylist() for table in VIEWS[type_].tables})
        rows = [found for table in tables if (found := _texts(connection, folders[number], table, mine["seq"]))]
        if rows:
            connection.register("texts", pa.concat_tables(rows))
            yield connection.sql(
                "SELECT seq, sha256(string_agg(text, chr(30) ORDER BY text)) AS digest FROM texts GROUP BY seq"
            ).to_arrow_table()
            connection.unregister("texts")


def _texts(connection: duckdb.DuckDBPyConnection, folder: Path, table: str, seqs: pa.ChunkedArray) -> pa.Table | None:
    path = folder / f"{table}.arrow"
    if not path.exists():
        return None
    with pa.memory_map(str(path)) as source:
        rows = pa.ipc.open_file(source).read_all()
        rows = rows.filter(pc.is_in(rows["seq"], value_set=seqs.combine_chunks()))
        columns = ", ".join(
            f'coalesce("{field.name}"::VARCHAR, chr(29))' for field in TABLES[table] if field.name != "source_id"
        )
        connection.register("found", rows)
        texts = connection.sql(
            f"SELECT seq, concat_ws(chr(31), '{table}', {columns}) AS text FROM found"
        ).to_arrow_table()
        connection.unregister("found")
    return texts
