"""Which versions of resources there were: for settling them within a snapshot, and kept with it for the next.

While a snapshot is made, each chunk has one file of keys a type. What stays is `keys/<Type>.parquet`: of each resource
the version that stands. The ids of patients are keyed hashes in both, as they are in every table.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.core.files import commit_file, owner_folder, written_aside
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.schema import INSTANT, KEY
from hi_fhir.tables.texts import Texts
from hi_fhir.tables.tombstones import Deletion
from hi_fhir.tables.views.elements import Meta, Numbered, VersionState

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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US, _SECOND_US = 86_400_000_000, 1_000_000
_NONE = -(1 << 63)
_NO_META = Meta()
_GROUP_ROWS = 1 << 17


def keys_file(folder: Path, type_: str) -> Path:
    """Where the results of a chunk have the versions of a type."""
    return folder / f"{FOLDER}-{type_}.arrow"


class KeyBuffer:
    """The versions of one type in a chunk, a column each. named: what stands for an id."""

    def __init__(self, first_seq: int, named: Callable[[str], str] | None) -> None:
        self._first_seq, self._named = first_seq, named
        self._ids = Texts()
        self._updated = array("q")
        self._versions = array("i")
        self._states = bytearray()
        self._numbers = array("q")
        self._version_numbers = Numbered[str | None]()

    def add(self, records: Sequence[Any], states: Sequence[VersionState], numbers: Iterable[int]) -> None:
        """Add the versions that records are, by their states and the numbers of their lines."""
        metas = [record.meta or _NO_META for record in records]
        self._add(
            [record.id for record in records],
            [meta.last_updated for meta in metas],
            [meta.version_id for meta in metas],
            states,
            numbers,
        )

    def add_deletion(self, deletion: Deletion, number: int) -> None:
        """Add one; number: which of the chunk's deletions it is."""
        self._add([deletion.id], [deletion.at], [None], [VersionState.TOMBSTONE], [number])

    def _add(
        self,
        ids: Sequence[str],
        updated: Iterable[datetime | None],
        versions: Iterable[str | None],
        states: Sequence[VersionState],
        numbers: Iterable[int],
    ) -> None:
        self._ids.extend(ids if self._named is None else list(map(self._named, ids)))
        add_updated = self._updated.append
        for instant in updated:
            if instant is None:
                add_updated(_NONE)
            else:
                since = instant - _EPOCH
                add_updated(since.days * _DAY_US + since.seconds * _SECOND_US + since.microseconds)
        version_number = self._version_numbers
        self._versions.extend([version_number[version] for version in versions])
        self._states.extend(states)
        self._numbers.extend(numbers)

    def write(self, path: Path) -> int:
        """Write the versions; their number, and no file where there are none."""
        count = len(self._numbers)
        if count:
            updated = np.frombuffer(self._updated, dtype=np.int64)
            versions = np.frombuffer(self._versions, dtype=np.int32)
            columns = [
                self._ids.column(),
                pa.array(updated, mask=updated == _NONE).view(INSTANT),
                pa.array(list(self._version_numbers), pa.string()).take(pa.array(versions)),
                pa.array(np.frombuffer(self._states, dtype=np.int8)),
                pa.array(np.frombuffer(self._numbers, dtype=np.int64) + self._first_seq),
            ]
            write_ipc(path, pa.Table.from_arrays(columns, schema=_VERSIONS))
        return count


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
