"""One version a resource: the newest of those that arrived, whoever the older ones belonged to.

Newest is the greatest of (meta.lastUpdated, tombstone or not, numeric versionId, entered in error or not, hash of its
rows), which knows nothing of files, order or workers. Ids that came once are not looked at again.

A stamp from after the day on which the lines were received was made by a clock that is wrong: it is passed over. Among
the versions of a resource that has such a stamp, tombstones go before all else and versionId before lastUpdated.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from hi_fhir.core.days import LONDON
from hi_fhir.tables.keys import keys_file, write_keys
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.views.elements import State
from hi_fhir.tables.views.registry import VIEWS

_KEYS_A_PASS = 16_000_000


class Versions(NamedTuple):
    """What became of the versions.

    newest_us: the last stamp that can be. dropped: sorted seqs of those that another version replaces, whose rows must
    not reach a table.
    """

    dropped: np.ndarray
    superseded: dict[str, int]
    deleted: dict[str, int]
    newest_us: int | None
    misdated: dict[str, int]  # versions by type that say that they are of after they were received


class _Settled(NamedTuple):
    """The same of one type."""

    dropped: np.ndarray
    superseded: int
    deleted: int
    newest_us: int | None
    misdated: int


def settle_versions(
    folders: Sequence[Path],
    keys: Mapping[str, int],
    target: Path,
    temporary: Path,
    memory_mb: int,
    received: date | None,
) -> Versions:
    """Decide between the versions of every resource, and write to the folder `target` which one stands.

    folders: the chunks' results in the order of their numbers. keys: how many versions they have, by type. received:
    the London day on which the lines had come; None where it is not known, so that every stamp is believed.
    """
    temporary.mkdir(exist_ok=True)
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        connection.execute("SET temp_directory = ?", [str(temporary)])
        for state in State:
            connection.execute(f"CREATE MACRO {state.name}() AS {state:d}")
        connection.execute(f"SET VARIABLE too_late = {_after(received)}")
        settled = {type_: _settle(connection, folders, type_, keys[type_], target) for type_ in sorted(keys)}
    finally:
        connection.close()
    return Versions(
        dropped=np.sort(np.concatenate([np.empty(0, dtype=np.int64), *(one.dropped for one in settled.values())])),
        superseded={type_: one.superseded for type_, one in settled.items() if one.superseded},
        deleted={type_: one.deleted for type_, one in settled.items() if one.deleted},
        newest_us=max((one.newest_us for one in settled.values() if one.newest_us is not None), default=None),
        misdated={type_: one.misdated for type_, one in settled.items() if one.misdated},
    )


def _settle(
    connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], type_: str, keys: int, target: Path
) -> _Settled:
    files = [str(path) for folder in folders if (path := keys_file(folder, type_)).exists()]
    connection.register("received", ds.dataset(files, format="ipc"))
    connection.execute(
        """CREATE OR REPLACE TEMP VIEW keys AS SELECT * EXCLUDE (updated, state),
            state NOT IN (not_asked_for(), deleted_not_asked_for()) AS is_asked_for,
            CASE WHEN state = deleted_not_asked_for() THEN deleted() ELSE state END AS state,
            CASE WHEN regexp_full_match(version, '[0-9]+') THEN try_cast(version AS HUGEINT) END AS number,
            state <> tombstone() AND updated >= getvariable('too_late') AS misdated,
            CASE WHEN state = tombstone() OR updated < getvariable('too_late') THEN updated END AS updated
        FROM received"""
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE verdict (seq BIGINT, place BIGINT, state TINYINT, disordered BOOLEAN)"
    )
    passes = max(1, -(-keys // _KEYS_A_PASS))
    for number in range(passes):
        _judge(connection, folders, type_, [passes, number])
    dropped = connection.execute("SELECT seq FROM verdict WHERE place > 1").fetchnumpy()["seq"]
    superseded, deleted = _only(
        connection,
        """SELECT count(*) FILTER (place > 1 AND state <> not_asked_for()),
            count(*) FILTER (place = 1 AND state IN (deleted(), tombstone())) FROM verdict""",
    )
    misdated, newest_us = _only(
        connection,
        "SELECT count(*) FILTER (misdated), epoch_us(max(updated) FILTER (state = kept())) FROM keys",
    )
    write_keys(connection, target, type_)
    connection.unregister("received")
    return _Settled(np.asarray(dropped, dtype=np.int64), superseded, deleted, newest_us, misdated)


def _only(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The one row of a query."""
    [row] = connection.execute(query).fetchall()
    return tuple(row)


def _after(received: date | None) -> str:
    """The first instant after that London day, as SQL."""
    if received is None:
        return "'infinity'::TIMESTAMPTZ"
    midnight = datetime.combine(received + timedelta(days=1), time(), LONDON).astimezone(UTC)
    return f"'{midnight.isoformat()}'::TIMESTAMPTZ"


def _judge(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], type_: str, part: list[int]) -> None:
    """Add to `verdict` the versions of those ids that came more than once or were deleted, each with its place.

    Ids are looked for by their hashes; two that have the same are looked at, and told apart by themselves. part: into
    how many parts the hashes are cut, and the number of this one.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE doubted AS SELECT hashed FROM (SELECT hash(id) AS hashed, state FROM keys)
        WHERE hashed % ? = ? GROUP BY hashed HAVING count(*) > 1 OR max(state IN (deleted(), tombstone()))""",
        part,
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE rival AS
        SELECT id, seq, version, state, disordered, rank() OVER (
            PARTITION BY id
            ORDER BY
                (disordered AND state = tombstone()) DESC,
                CASE WHEN disordered THEN coalesce(number, -1) END DESC,
                updated DESC NULLS LAST,
                (state = tombstone()) DESC,
                coalesce(number, -1) DESC,
                (state = deleted()) DESC
        ) AS place
        FROM (
            SELECT *, bool_or(coalesce(misdated, false)) OVER (PARTITION BY id) AS disordered
            FROM keys WHERE hash(id) IN (SELECT hashed FROM doubted)
        )"""
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE content (seq BIGINT, digest VARCHAR)")
    tied = connection.sql(
        """SELECT seq FROM (
            SELECT *, count(*) OVER (PARTITION BY id) AS n FROM rival
            WHERE place = 1 AND state NOT IN (deleted(), tombstone())
        ) WHERE n > 1 ORDER BY seq"""
    ).to_arrow_table()
    for digests in _digests(connection, folders, VIEWS[type_].tables, tied):
        connection.register("digests", digests)
        connection.execute("INSERT INTO content SELECT * FROM digests")
        connection.unregister("digests")
    connection.execute(
        """INSERT INTO verdict
        SELECT seq, row_number() OVER (
            PARTITION BY id ORDER BY place, coalesce(digest, '') DESC, version, seq
        ), state, disordered
        FROM rival LEFT JOIN content USING (seq)"""
    )


def _digests(
    connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], tables: Sequence[str], tied: pa.Table
) -> Iterable[pa.Table]:
    """For each tied version the hash of its rows, in whatever table they are: equal content, equal hash."""
    numbers = pc.shift_right(tied["seq"], 32)
    for number in pc.unique(numbers).to_pylist():
        mine = tied.filter(pc.equal(numbers, number))
        rows = [found for table in sorted(tables) if (found := _texts(connection, folders[number], table, mine["seq"]))]
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
