"""Which versions of resources there were: for settling them within a snapshot, and kept with it for the next.

While a snapshot is made, each chunk has one file of keys a type. What stays is `keys/<Type>.parquet`: of each resource
the version that stands. The ids of patients are keyed hashes in both, as they are in every table.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.core.files import commit_file, owner_folder, written_aside
from hi_fhir.tables.partial import write_ipc
from hi_fhir.tables.schema import INSTANT, KEY

FOLDER = "keys"

_VERSIONS = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("updated", INSTANT),  # meta.lastUpdated; null goes before every instant
        pa.field("version", pa.string()),  # meta.versionId as received
        pa.field("state", pa.int8()),  # State
        pa.field("seq", pa.int64()),
    ]
)
"""Grain: one row per version of a resource of one type in scope, and per deletion."""

_BATCH = 1_000
_GROUP_ROWS = 1 << 17


def keys_file(folder: Path, type_: str) -> Path:
    """Where the results of a chunk have the versions of a type."""
    return folder / f"{FOLDER}-{type_}.arrow"


class KeyBuffer:
    """The versions of one type in a chunk, emptied into Arrow before they outgrow the cache.

    rows: id, lastUpdated, versionId, state and line, of a deletion its number in the chunk. named: what stands for ids.
    """

    def __init__(self, first_seq: int, named: Callable[[str], str] | None) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._first_seq, self._named = first_seq, named
        self._batches: list[pa.RecordBatch] = []

    def drain(self, least: int = _BATCH) -> None:
        """Turn the rows into Arrow if there are at least `least`."""
        if len(self.rows) < least or not self.rows:
            return
        ids, *others = zip(*self.rows, strict=True)
        columns = [ids if self._named is None else list(map(self._named, ids)), *others]
        self.rows.clear()
        arrays = [pa.array(values, field.type) for values, field in zip(columns, _VERSIONS, strict=True)]
        arrays[-1] = pc.add(arrays[-1], self._first_seq)
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=_VERSIONS))

    def write(self, path: Path) -> int:
        """Write the versions; their number, and no file where there are none."""
        self.drain(least=1)
        if not self._batches:
            return 0
        versions = pa.Table.from_batches(self._batches).combine_chunks()
        write_ipc(path, versions)
        return int(versions.num_rows)


def write_keys(connection: duckdb.DuckDBPyConnection, folder: Path, type_: str) -> None:
    """Write the file of a type, from the tables `keys` and `verdict` of its versions (see `versions._settle`).

    A resource that nobody asked for has no row, so that a source that sends all leaves what a search does.
    """
    rows = connection.sql(
        """SELECT id, updated, version, keys.state, coalesce(disordered, false) AS misdated
        FROM keys LEFT JOIN verdict USING (seq)
        WHERE coalesce(place, 1) = 1 AND is_asked_for ORDER BY id"""
    )
    target = owner_folder(folder) / f"{type_}.parquet"
    temporary = written_aside(target)
    with pq.ParquetWriter(
        temporary,
        KEY,
        compression="zstd",
        compression_level=1,
        use_dictionary=["version"],
        column_encoding={"id": "DELTA_BYTE_ARRAY"},
    ) as writer:
        for batch in rows.to_arrow_reader(_GROUP_ROWS):
            writer.write_table(pa.Table.from_batches([batch]).cast(KEY), row_group_size=_GROUP_ROWS)
    commit_file(temporary, target)
