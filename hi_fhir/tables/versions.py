"""One version a resource: the newest of those that arrived, whoever the older ones belonged to.

Newest is the greatest of (meta.lastUpdated, tombstone or not, numeric versionId, entered in error or not, hash of its
rows), which knows nothing of files, order or workers. Ids that came once are not looked at again.

A stamp from after the day on which the lines were received was made by a clock that is wrong: it is passed over. Among
the versions of a resource that has such a stamp, tombstones go before all else and versionId before lastUpdated.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.core.days import LONDON
from hi_fhir.engine.files import literal
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.views.registry import VIEWS

_KEYS_A_PASS = 4_000_000


class Versions(NamedTuple):
    """What became of the versions.

    newest_us: the last stamp that can be. dropped: sorted seqs of those whose rows must not reach a table.
    """

    dropped: np.ndarray
    superseded: dict[str, int]
    deleted: dict[str, int]
    newest_us: int | None
    misdated: dict[str, int]  # versions by type that say that they are of after they were received


def settle_versions(
    folders: Sequence[Path], keys: int, temporary: Path, memory_mb: int, received: date | None
) -> Versions:
    """Decide between the versions of every resource. `folders`: the chunks' results in the order of their numbers.

    received: the London day on which the lines had come; None where it is not known, so that every stamp is believed.
    """
    temporary.mkdir(exist_ok=True)
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        connection.execute("SET temp_directory = ?", [str(temporary)])
        return _settle(connection, folders, keys, received)
    finally:
        connection.close()


def _settle(
    connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], keys: int, received: date | None
) -> Versions:
    connection.execute("CREATE TABLE verdict (type VARCHAR, seq BIGINT, place BIGINT, state TINYINT)")
    if not folders:
        return Versions(np.empty(0, dtype=np.int64), {}, {}, None, {})
    files = [literal(folder / "keys.parquet") for folder in folders]
    connection.read_parquet(files, hive_partitioning=False).create_view("stamped")
    connection.execute(f"SET VARIABLE too_late = {_after(received)}")
    connection.execute(
        """CREATE VIEW keys AS SELECT * EXCLUDE (updated),
            CASE WHEN regexp_full_match(version, '[0-9]+') THEN try_cast(version AS HUGEINT) END AS number,
            state <> 3 AND updated >= getvariable('too_late') AS misdated,
            CASE WHEN state = 3 OR updated < getvariable('too_late') THEN updated END AS updated
        FROM stamped"""
    )
    passes = max(1, -(-keys // _KEYS_A_PASS))
    for number in range(passes):
        _judge(connection, folders, [passes, number])
    dropped = connection.execute(
        "SELECT DISTINCT seq FROM verdict WHERE place > 1 AND state = 0 ORDER BY seq"
    ).fetchnumpy()["seq"]
    stamps = connection.execute(
        "SELECT type, count(*) FILTER (misdated), epoch_us(max(updated) FILTER (state = 0)) FROM keys GROUP BY type"
    ).fetchall()
    return Versions(
        dropped=np.asarray(dropped, dtype=np.int64),
        superseded=_tally(
            connection, "SELECT type, count(*) FROM verdict WHERE place > 1 AND state <> 2 GROUP BY type"
        ),
        deleted=_tally(
            connection, "SELECT type, count(*) FROM verdict WHERE place = 1 AND state IN (1, 3) GROUP BY type"
        ),
        newest_us=max((newest for _, _, newest in stamps if newest is not None), default=None),
        misdated={type_: count for type_, count, _ in stamps if count},
    )


def _after(received: date | None) -> str:
    """The first instant after that London day, as SQL."""
    if received is None:
        return "'infinity'::TIMESTAMPTZ"
    midnight = datetime.combine(received + timedelta(days=1), time(), LONDON).astimezone(UTC)
    return f"'{midnight.isoformat()}'::TIMESTAMPTZ"


def _tally(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return dict(connection.execute(query).fetchall())


def _judge(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], part: list[int]) -> None:
    """Add to `verdict` the versions of those ids that came more than once or were deleted, each with its place.

    part: into how many parts the ids are cut, and the number of this one. The numbers of states are those of `State`.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE doubted AS
        SELECT type, id, bool_or(coalesce(misdated, false)) AS disordered FROM keys WHERE hash(id) % ? = ?
        GROUP BY type, id HAVING count(*) > 1 OR max(state IN (1, 3))""",
        part,
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE rival AS
        SELECT type, id, seq, state, rank() OVER (
            PARTITION BY type, id
            ORDER BY
                (disordered AND state = 3) DESC,
                CASE WHEN disordered THEN coalesce(number, -1) END DESC,
                updated DESC NULLS LAST,
                (state = 3) DESC,
                coalesce(number, -1) DESC,
                (state = 1) DESC
        ) AS place
        FROM keys JOIN doubted USING (type, id)"""
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
        names = [field.name for field in TABLES[table] if field.name != "source_id"]
        columns = ", ".join(f'coalesce("{name}"::VARCHAR, chr(29))' for name in names)
        connection.register("found", rows)
        texts = connection.sql(
            f"SELECT seq, concat_ws(chr(31), '{table}', {columns}) AS text FROM found"  # noqa: S608  our own column names
        ).to_arrow_table()
        connection.unregister("found")
    return texts
