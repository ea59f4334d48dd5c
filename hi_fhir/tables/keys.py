"""Which versions of resources there were: for settling them within a snapshot, and kept with it for the next.

While a snapshot is made, each chunk has one file of keys a type. What stays is `keys/<Type>.parquet`: of each resource
the version that stands. The ids of patients are keyed hashes in both, as they are in every table.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.core.files import commit_file, owner_folder, written_aside
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.schema import INSTANT, KEY
from hi_fhir.tables.tombstones import Deletion
from hi_fhir.tables.views.elements import Meta, State

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

_BUFFERED = [field.with_type(pa.duration("us")) if field.type == INSTANT else field for field in _VERSIONS]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_META = Meta()
_BATCH = 1_000
_GROUP_ROWS = 1 << 17


def keys_file(folder: Path, type_: str) -> Path:
    """Where the results of a chunk have the versions of a type."""
    return folder / f"{FOLDER}-{type_}.arrow"


class KeyBuffer:
    """The versions of one type in a chunk, emptied into Arrow before they outgrow the cache. named: stands for ids."""

    def __init__(self, first_seq: int, named: Callable[[str], str] | None) -> None:
        self._first_seq, self._named = first_seq, named
        self._clear()
        self._batches: list[pa.RecordBatch] = []

    def _clear(self) -> None:
        self._ids: list[str] = []
        self._updated: list[datetime | None] = []
        self._versions: list[str | None] = []
        self._states: list[State] = []
        self._numbers: list[int] = []

    def add(self, records: Sequence[Any], states: Sequence[State], numbers: Sequence[int]) -> None:
        """Add the versions that records are, by their states and the numbers of their lines."""
        metas = [record.meta or _NO_META for record in records]
        self._ids += [record.id for record in records]
        self._updated += [meta.last_updated for meta in metas]
        self._versions += [meta.version_id for meta in metas]
        self._states += states
        self._numbers += numbers

    def add_deletion(self, deletion: Deletion, number: int) -> None:
        """Add one; number: which of the chunk's deletions it is."""
        self._ids.append(deletion.id)
        self._updated.append(deletion.at)
        self._versions.append(None)
        self._states.append(State.TOMBSTONE)
        self._numbers.append(number)

    def drain(self, least: int = _BATCH) -> None:
        """Turn the versions into Arrow if there are at least `least`."""
        if len(self._ids) < least or not self._ids:
            return
        columns = [
            self._ids if self._named is None else list(map(self._named, self._ids)),
            [updated and updated - _EPOCH for updated in self._updated],
            self._versions,
            self._states,
            self._numbers,
        ]
        arrays = [pa.array(values, field.type) for values, field in zip(columns, _BUFFERED, strict=True)]
        arrays[1] = arrays[1].view(pa.int64()).view(INSTANT)
        arrays[-1] = pc.add(arrays[-1], self._first_seq)
        self._clear()
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=_VERSIONS))

    def write(self, path: Path) -> int:
        """Write the versions; their number, and no file where there are none."""
        self.drain(least=1)
        if not self._batches:
            return 0
        versions = pa.Table.from_batches(self._batches).combine_chunks()
        write_ipc(path, versions)
        return int(versions.num_rows)


class KeyWriter:
    """The file of a type that a snapshot keeps, given its rows in order of id."""

    def __init__(self, folder: Path, type_: str) -> None:
        self._target = owner_folder(folder) / f"{type_}.parquet"
        self._temporary = written_aside(self._target)
        self._waiting: pa.Table = KEY.empty_table()

    def __enter__(self) -> "KeyWriter":
        self._file = pq.ParquetWriter(
            self._temporary,
            KEY,
            compression="zstd",
            compression_level=1,
            use_dictionary=["version"],
            column_encoding={"id": "DELTA_BYTE_ARRAY"},
        )
        return self

    def add(self, rows: pa.Table) -> None:
        """Add rows of KEY; groups of rows in the file are of one size, whatever comes together."""
        self._waiting = pa.concat_tables([self._waiting, rows.cast(KEY)])
        while self._waiting.num_rows >= _GROUP_ROWS:
            self._write(self._waiting.slice(0, _GROUP_ROWS))
            self._waiting = self._waiting.slice(_GROUP_ROWS)

    def _write(self, rows: pa.Table) -> None:
        self._file.write_table(rows.combine_chunks(), row_group_size=_GROUP_ROWS)

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if self._waiting.num_rows and failed is None:
            self._write(self._waiting)
        self._file.close()
        if failed is None:
            commit_file(self._temporary, self._target)
