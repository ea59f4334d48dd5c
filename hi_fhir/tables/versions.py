"""One version a resource: the newest of those that arrived, whoever the older ones belonged to.

Newest is the greatest of (meta.lastUpdated, tombstone or not, numeric versionId, entered in error or not, hash of its
rows), which knows nothing of files, order or workers. Ids that came once are not looked at again.

A stamp from after the day on which the lines were received was made by a clock that is wrong: it is passed over. Among
the versions of a resource that has such a stamp, tombstones go before all else and versionId before lastUpdated.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.core.days import LONDON
from hi_fhir.tables.ipc import read_ipc
from hi_fhir.tables.key_order import in_order
from hi_fhir.tables.keys import KeyWriter, keys_file
from hi_fhir.tables.ordering import repeated_texts
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.schema import INSTANT, KEY
from hi_fhir.tables.shapes import read_shapes, unfolded
from hi_fhir.tables.views.elements import VersionState
from hi_fhir.tables.views.registry import VIEWS


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


class _Judged(NamedTuple):
    """Versions between which it was decided. place: 1 stands. disordered: a stamp of one of them cannot be."""

    seq: np.ndarray
    place: np.ndarray
    state: np.ndarray
    disordered: np.ndarray


_GONE = (VersionState.DELETED, VersionState.DELETED_OUT_OF_SCOPE, VersionState.TOMBSTONE)
_OUT_OF_SCOPE = (VersionState.OUT_OF_SCOPE, VersionState.DELETED_OUT_OF_SCOPE)
_NEVER = np.iinfo(np.int64).max


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
    too_late = _after(received)
    with closing(_Judge(folders, temporary, memory_mb, too_late)) as judge:
        settled = {type_: _settle(folders, type_, keys[type_], target, judge, too_late) for type_ in sorted(keys)}
    return Versions(
        dropped=np.sort(np.concatenate([np.empty(0, dtype=np.int64), *(one.dropped for one in settled.values())])),
        superseded={type_: one.superseded for type_, one in settled.items() if one.superseded},
        deleted={type_: one.deleted for type_, one in settled.items() if one.deleted},
        newest_us=max((one.newest_us for one in settled.values() if one.newest_us is not None), default=None),
        misdated={type_: one.misdated for type_, one in settled.items() if one.misdated},
    )


def _after(received: date | None) -> int:
    """The first instant after that London day, in microseconds."""
    if received is None:
        return _NEVER
    midnight = datetime.combine(received + timedelta(days=1), time(), LONDON)
    return (midnight - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _settle(folders: Sequence[Path], type_: str, keys: int, target: Path, judge: "_Judge", too_late: int) -> _Settled:
    files = [path for folder in folders if (path := keys_file(folder, type_)).exists()]
    settled, dropped = _Settled(np.empty(0, dtype=np.int64), 0, 0, None, 0), []
    with KeyWriter(target, type_) as writer:
        for rows in in_order(files, keys):
            state = rows["state"].to_numpy()
            updated = rows["updated"].cast(pa.int64())
            late = pc.fill_null(pc.greater_equal(updated, too_late), False).to_numpy() & (
                state != VersionState.TOMBSTONE
            )
            if late.any():
                updated = pc.if_else(pa.array(late), None, updated)
            newest = pc.max(updated.filter(pa.array(state == VersionState.KEPT))).as_py()
            disputed = repeated_texts(rows["id"]) | np.isin(state, _GONE)
            judged = judge.decide(type_, rows.filter(pa.array(disputed)))
            writer.add(_standing(rows.set_column(1, "updated", updated.cast(INSTANT)), disputed, judged))
            dropped.append(judged.seq[judged.place > 1])
            settled = settled._replace(
                superseded=settled.superseded
                + int(np.count_nonzero((judged.place > 1) & (judged.state != VersionState.OUT_OF_SCOPE))),
                deleted=settled.deleted
                + int(
                    np.count_nonzero(
                        (judged.place == 1) & np.isin(judged.state, (VersionState.DELETED, VersionState.TOMBSTONE))
                    )
                ),
                newest_us=max((day for day in (settled.newest_us, newest) if day is not None), default=None),
                misdated=settled.misdated + int(np.count_nonzero(late)),
            )
    return settled._replace(dropped=np.concatenate([settled.dropped, *dropped]))


def _standing(rows: pa.Table, disputed: np.ndarray, judged: _Judged) -> pa.Table:
    """Of rows in order of id those of KEY: the versions that stand.

    A resource that nobody asked for has none, so that a source that sends all leaves what a search does.
    """
    state = rows["state"].to_numpy()
    stands = ~disputed & ~np.isin(state, _OUT_OF_SCOPE)
    places = np.flatnonzero(disputed)
    state, misdated = state.copy(), np.zeros(state.size, dtype=bool)
    if places.size:
        mine = places[np.argsort(rows["seq"].to_numpy()[places])]  # in the order of what was judged
        stands[mine] = (judged.place == 1) & ~np.isin(state[mine], _OUT_OF_SCOPE)
        state[mine], misdated[mine] = judged.state, judged.disordered
    columns = [rows["id"], rows["updated"], rows["version"], pa.array(state), pa.array(misdated)]
    return pa.Table.from_arrays(columns, schema=KEY).filter(pa.array(stands))


class _Judge:
    """Decides between the versions of some resources, in an engine that is begun when it is first needed."""

    def __init__(self, folders: Sequence[Path], temporary: Path, memory_mb: int, too_late: int) -> None:
        self._folders, self._too_late = folders, too_late
        self._settings = {"temp_directory": str(temporary), "memory_limit": f"{memory_mb}MB"}

    def close(self) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"threads": 1, "preserve_insertion_order": False, **self._settings})
        connection.execute("SET TimeZone = 'UTC'")
        for state in VersionState:
            connection.execute(f"CREATE MACRO {state.name}() AS {state:d}")
        connection.execute("SET VARIABLE too_late = ?", [self._too_late])
        return connection

    def decide(self, type_: str, keys: pa.Table) -> _Judged:
        """Place these versions of a type among those of their ids, of which all are here; in order of seq."""
        if not keys.num_rows:
            nothing = np.empty(0, dtype=np.int64)
            return _Judged(nothing, nothing, nothing, nothing.astype(bool))
        connection = self._connection
        connection.register("received", keys)
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
            FROM (SELECT *, bool_or(misdated) OVER (PARTITION BY id) AS disordered FROM (
                SELECT id, seq, version,
                    CASE WHEN state = deleted_out_of_scope() THEN deleted() ELSE state END AS state,
                    CASE WHEN regexp_full_match(version, '[0-9]+') THEN try_cast(version AS HUGEINT) END AS number,
                    state <> tombstone() AND coalesce(epoch_us(updated) >= getvariable('too_late'), false) AS misdated,
                    CASE WHEN NOT misdated THEN updated END AS updated
                FROM received
            ))"""
        )
        connection.unregister("received")
        connection.execute("CREATE OR REPLACE TEMP TABLE content (seq BIGINT, digest VARCHAR)")
        tied = connection.sql(
            """SELECT seq FROM (
                SELECT *, count(*) OVER (PARTITION BY id) AS n FROM rival
                WHERE place = 1 AND state NOT IN (deleted(), tombstone())
            ) WHERE n > 1 ORDER BY seq"""
        ).to_arrow_table()
        for digests in _digests(connection, self._folders, VIEWS[type_].tables, tied):
            connection.register("digests", digests)
            connection.execute("INSERT INTO content SELECT * FROM digests")
            connection.unregister("digests")
        found = connection.execute(
            """SELECT seq, row_number() OVER (
                PARTITION BY id ORDER BY place, coalesce(digest, '') DESC, version, seq
            ) AS place, state, disordered
            FROM rival LEFT JOIN content USING (seq) ORDER BY seq"""
        ).fetchnumpy()
        return _Judged(*(np.asarray(found[name]) for name in _Judged._fields))


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
    rows = read_ipc(path)
    rows = rows.filter(pc.is_in(rows["seq"], value_set=seqs.combine_chunks()))
    if "shape" in rows.column_names:
        rows = unfolded(rows, read_shapes(folder))
    names = [field.name for field in TABLES[table] if field.name != "source_id"]
    columns = ", ".join(f'coalesce("{name}"::VARCHAR, chr(29))' for name in names)
    connection.register("found", rows)
    texts = connection.sql(
        f"SELECT seq, concat_ws(chr(31), '{table}', {columns}) AS text FROM found"  # noqa: S608  our own column names
    ).to_arrow_table()
    connection.unregister("found")
    return texts
