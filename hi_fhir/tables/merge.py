"""Chunks' partial files into the tables: for each table and bucket, range of people by range of people, in total order.

The bytes of a table depend on its rows alone: neither on the chunks they came in, nor on workers, nor on the order of
lines. Memory is bounded by the rows of one range, which are as many whatever the size of the input.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hi_fhir.core.files import commit_file, owner_folder, place_file, written_aside
from hi_fhir.tables.classes import class_states
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.ipc import read_ipc
from hi_fhir.tables.ordering import places_in_order, sorted_places
from hi_fhir.tables.partial import CATEGORIES, TABLES
from hi_fhir.tables.schema import BUCKETS
from hi_fhir.tables.shapes import known_shapes, unfolded

RANGE_ROWS = 250_000
_GROUP_ROWS = 1 << 17
_FILES_AT_ONCE = 32
"""Partial files that are mapped together: of each, what lies around the rows that are read is in memory too."""

_LATEST = np.iinfo(np.int32).max
_WITHOUT_RESOURCES = (
    "ethnic_category",
    "identity",
    "other_home",
    "patient_identifier",
    "patient_link",
)  # other tables count theirs


class MergeTask(msgspec.Struct, frozen=True):
    """Files of one table, each with the first hex digits of its people. `rows`: about how many each digit has.

    Where there are several files, their digits are all there are, one each, and all of their rows are one range.
    """

    table: str
    files: tuple[tuple[str, Path], ...]
    rows: int
    folders: tuple[Path, ...]
    dropped: Path
    source_id: str


class Merged(NamedTuple):
    """What the files of one task hold."""

    rows: int
    resources: dict[str, int]  # by type, resources that have rows
    dated_by: dict[str, int]
    negated: dict[str, int]
    classes: dict[str, int]  # of encounters, by state of their class


NOTHING = Merged(0, {}, {}, {}, {})


def is_one_range(rows: int) -> bool:
    """Whether all rows of a table are put in order at once, whatever their people."""
    return rows <= RANGE_ROWS


def merge(task: MergeTask) -> Merged:
    """Write files of a table: the rows of the versions that stay, in order of their columns.

    Their folder is not synced, since most tables have one file a bucket.
    """
    owner_folder(task.files[0][1].parent)
    if not task.rows:
        for _, target in task.files:
            _place_empty(task.table, target)
        return NOTHING
    dropped = np.load(task.dropped, mmap_mode="r")
    if len(task.files) > 1:
        return _merge_apart(task, dropped)
    return _merge_whole(task, dropped)


def _merge_whole(task: MergeTask, dropped: np.ndarray) -> Merged:
    """Write one file, range of people by range of people."""
    ((buckets, target),) = task.files
    counts, temporary = NOTHING, written_aside(target)
    with _Writer(temporary, TABLES[task.table]) as writer:
        for prefix in _ranges(buckets, task.rows):
            rows = _collect(task, prefix, dropped)
            if rows is not None:
                counts = _counted(counts, task.table, rows)
                writer.add(_finished(rows, task))
    place_file(temporary, target)
    return counts._replace(rows=writer.rows)


def _merge_apart(task: MergeTask, dropped: np.ndarray) -> Merged:
    """Write several files of what is in order once, which for a small table is quicker than each by itself."""
    rows = _collect(task, "", dropped)
    if rows is None:
        for _, target in task.files:
            _place_empty(task.table, target)
        return NOTHING
    finished = _finished(rows, task)
    for (_, target), part in zip(task.files, _by_bucket(finished, task), strict=True):
        if part.num_rows:
            temporary = written_aside(target)
            with _Writer(temporary, TABLES[task.table]) as writer:
                writer.add(part)
            place_file(temporary, target)
        else:
            _place_empty(task.table, target)
    return _counted(NOTHING._replace(rows=finished.num_rows), task.table, rows)


def _by_bucket(rows: pa.Table, task: MergeTask) -> Iterator[pa.Table]:
    """The rows of each file, of rows in order of patient_id."""
    patients = rows["patient_id"].combine_chunks()
    letters = [word[0] for word in patients.dictionary.to_pylist()]
    place = {letter: number for number, (letter, _) in enumerate(task.files)}
    places = np.array([place[letter] for letter in letters], dtype=np.int8)[patients.indices.to_numpy()]
    ends = np.searchsorted(places, np.arange(len(task.files) + 1))
    return (rows.slice(start, stop - start) for start, stop in pairwise(ends.tolist()))


def _place_empty(table: str, target: Path) -> None:
    temporary = written_aside(target)
    temporary.write_bytes(_without_rows(table))
    place_file(temporary, target)


@cache
def _without_rows(table: str) -> bytes:
    """The file of a table that has no rows: most buckets of most tables of a small source."""
    content = io.BytesIO()
    with _Writer(content, TABLES[table]):
        pass
    return content.getvalue()


def _ranges(buckets: str, size: int) -> Iterator[str]:
    """Prefixes of patient_id that cut buckets of about `size` rows into ranges of at most about RANGE_ROWS rows."""
    if not buckets or (buckets == BUCKETS and is_one_range(size * len(BUCKETS))):
        return iter([""])
    prefixes = list(buckets)
    while size > RANGE_ROWS:
        prefixes = [prefix + digit for prefix in prefixes for digit in BUCKETS]
        size //= len(BUCKETS)
    return iter(prefixes)


def _collect(task: MergeTask, prefix: str, dropped: np.ndarray) -> pa.Table | None:
    """The rows of one range of people from all chunks, in order, with the columns of their shapes; None: no rows."""
    starts = range(0, len(task.folders), _FILES_AT_ONCE)
    groups = (
        _together(_parts(task, task.folders[start : start + _FILES_AT_ONCE], prefix, dropped)) for start in starts
    )
    rows = _together(group for group in groups if group is not None)
    if rows is None:
        return None
    rows = _in_order(rows)
    return unfolded(rows, known_shapes(task.folders).shapes) if "shape" in rows.column_names else rows


def _parts(task: MergeTask, folders: Sequence[Path], prefix: str, dropped: np.ndarray) -> Iterator[pa.Table]:
    shapes = known_shapes(task.folders)
    for folder in folders:
        path = folder / f"{task.table}.arrow"
        if path.exists():
            part = _slice(path, prefix)
            if dropped.size:
                part = part.filter(pa.array(~_contains(dropped, part["seq"].to_numpy())))
            if part.num_rows:
                yield _renumbered(part, shapes.numbers[folder])


def _together(parts: Iterable[pa.Table]) -> pa.Table | None:
    found = list(parts)
    return pa.concat_tables(found).unify_dictionaries().combine_chunks() if found else None


def _renumbered(rows: pa.Table, numbers: np.ndarray) -> pa.Table:
    if "shape" not in rows.column_names:
        return rows
    return rows.set_column(rows.column_names.index("shape"), "shape", pa.array(numbers[rows["shape"].to_numpy()]))


def _slice(path: Path, prefix: str) -> pa.Table:
    """The rows of one partial file whose patient_id begins with `prefix`."""
    table = read_ipc(path)
    if not prefix:
        return table
    column = table["patient_id"].chunk(0)
    low, high = _bounds(column.dictionary, prefix)
    indices = column.indices.to_numpy()
    start, stop = np.searchsorted(indices, [low, high])
    mine = pa.DictionaryArray.from_arrays(
        pa.array(indices[start:stop] - np.int32(low)), column.dictionary.slice(low, high - low)
    )
    return table.slice(start, stop - start).set_column(0, "patient_id", mine)


def _bounds(sorted_ids: pa.Array, prefix: str) -> tuple[int, int]:
    def first_at_least(text: str) -> int:
        low, high = 0, len(sorted_ids)
        while low < high:
            middle = (low + high) // 2
            if sorted_ids[middle].as_py() < text:
                low = middle + 1
            else:
                high = middle
        return low

    return first_at_least(prefix), first_at_least(prefix + "g")


def _contains(sorted_values: np.ndarray, values: np.ndarray) -> np.ndarray:
    places = np.searchsorted(sorted_values, values)
    places[places == sorted_values.size] = 0
    found: np.ndarray = sorted_values[places] == values
    return found


def _in_order(rows: pa.Table) -> pa.Table:
    """By person, then day, then every other column, so that equal inputs in any order give equal bytes."""
    names = [name for name in rows.column_names if name != "seq"]
    first = [name for name in ("patient_id", "start_date", "resource_id") if name in names]
    keys = first + [name for name in names if name not in first]
    comparable = pa.table({name: _ranked(rows[name]) for name in keys})
    if first[:1] != ["patient_id"]:
        return rows.take(sorted_places(comparable))
    numbers = comparable["patient_id"].to_numpy().astype(np.int64) << 32
    keys.remove("patient_id")
    if "start_date" in keys:
        numbers += comparable["start_date"].cast(pa.int32()).fill_null(_LATEST).to_numpy() + np.int64(1 << 31)
        keys.remove("start_date")
    return rows.take(pa.array(places_in_order(numbers, comparable.select(keys).take)))


def _ranked(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of categories as numbers that compare as its words do."""
    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    rank = np.empty(len(array.dictionary), dtype=np.int32)
    rank[pc.sort_indices(array.dictionary).to_numpy()] = np.arange(len(rank), dtype=np.int32)
    return pa.chunked_array([pc.take(pa.array(rank), array.indices)])


def _counted(so_far: Merged, table: str, rows: pa.Table) -> Merged:
    """Add what these rows stand for. The people of two ranges differ, so no resource is counted twice."""
    resources, dated_by, negated = dict(so_far.resources), dict(so_far.dated_by), dict(so_far.negated)
    classes = dict(so_far.classes)
    for type_, its_rows in _resources(table, rows):
        resources[type_] = resources.get(type_, 0) + _runs(its_rows["seq"].to_numpy())
    if "dated_by" in rows.column_names:
        for word, count in _words(rows["dated_by"]):
            dated_by[word or "undated"] = dated_by.get(word or "undated", 0) + count
        for word, count in _words(rows["negation"]):
            if word:
                negated[word] = negated.get(word, 0) + count
    if table == CLINICAL_TABLES["Encounter"]:
        for state, count in class_states(rows).items():
            classes[state] = classes.get(state, 0) + count
    return Merged(so_far.rows, resources, dated_by, negated, classes)


def _words(column: pa.ChunkedArray) -> Iterator[tuple[str | None, int]]:
    """How often each word of a column of categories stands there."""
    whole = column.combine_chunks()
    for entry in pc.value_counts(whole.indices).to_pylist():
        yield None if entry["values"] is None else whole.dictionary[entry["values"]].as_py(), entry["counts"]


def _runs(seqs: np.ndarray) -> int:
    """How many resources these rows belong to: in table order, the rows of one stand together."""
    return int(np.count_nonzero(np.diff(seqs))) + 1 if seqs.size else 0


def _resources(table: str, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    if table == "registration":
        kind = rows["kind"].cast(pa.string())
        yield "EpisodeOfCare", rows.filter(pc.fill_null(pc.match_substring(kind, "episode"), True))
    elif table not in _WITHOUT_RESOURCES:
        yield "".join(word.capitalize() for word in table.split("_")), rows


def _finished(rows: pa.Table, task: MergeTask) -> pa.Table:
    """The rows with the columns of the table's schema, types and all."""
    if task.table == "registration":
        rows = rows.filter(pc.is_valid(rows["kind"]))
    columns = []
    schema = written_schema(TABLES[task.table])
    for field in schema:
        if field.name == "source_id":
            whole = pa.DictionaryArray.from_arrays(np.zeros(rows.num_rows, dtype=np.int32), [task.source_id])
            columns.append(whole)
        elif field.name == "resource_id" and task.table == "ethnic_category":
            columns.append(rows["patient_id"].cast(pa.string()))
        else:
            columns.append(rows[field.name].cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


class _Writer:
    """A Parquet file of row groups of one size, whatever the sizes of the pieces that it is given."""

    def __init__(self, target: Path | io.BytesIO, schema: pa.Schema) -> None:
        self.rows = 0
        written = written_schema(schema)
        plain = {"resource_id", "at", "value", "name", "source_patient_id"}
        words = [field.name for field in schema if field.name not in plain]
        self._file = pq.ParquetWriter(
            target,
            written,
            compression="zstd",
            compression_level=1,
            use_dictionary=words,
            column_encoding={"resource_id": "DELTA_BYTE_ARRAY"} if "resource_id" in schema.names else None,
            write_statistics=words,
            store_schema=False,
        )
        self._waiting: pa.Table = written.empty_table()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._waiting.num_rows:
            self._write(self._waiting)
        self._file.close()

    def add(self, rows: pa.Table) -> None:
        self.rows += rows.num_rows
        self._waiting = pa.concat_tables([self._waiting, rows])
        while self._waiting.num_rows >= _GROUP_ROWS:
            self._write(self._waiting.slice(0, _GROUP_ROWS))
            self._waiting = self._waiting.slice(_GROUP_ROWS)

    def _write(self, rows: pa.Table) -> None:
        rows = rows.unify_dictionaries().combine_chunks()
        columns = [_with_own_words(column.chunk(0)) for column in rows.itercolumns()]
        self._file.write_table(pa.Table.from_arrays(columns, schema=rows.schema), row_group_size=_GROUP_ROWS)


def written_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of a table while it is written, with numbers for words; a reader sees the words."""
    words = {*CATEGORIES, "patient_id", "source_id"}
    return pa.schema(
        [field.with_type(pa.dictionary(pa.int32(), pa.string())) if field.name in words else field for field in schema]
    )


def _with_own_words(column: pa.Array) -> pa.Array:
    """A column with the words that it has alone, in their order, so that its bytes depend on nothing but its rows."""
    if not pa.types.is_dictionary(column.type):
        return column
    is_used = np.zeros(len(column.dictionary), dtype=bool)
    is_used[column.indices.drop_null().to_numpy()] = True
    used = np.flatnonzero(is_used)
    words = column.dictionary.take(pa.array(used))
    order = pc.sort_indices(words)
    number = np.zeros(len(column.dictionary), dtype=np.int32)
    number[used[order.to_numpy()]] = np.arange(used.size, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(number).take(column.indices), words.take(order))


def merge_quarantine(folders: Sequence[Path], target: Path) -> None:
    """Write `<target>/<Type>.parquet` from the chunks' refusals, in order of chunk, line and place in the line."""
    owner_folder(target)
    parts = [folder / "quarantine.arrow" for folder in folders if (folder / "quarantine.arrow").exists()]
    types: dict[str, list[Path]] = {}
    for part in parts:
        for type_ in sorted(set(read_ipc(part)["type"].to_pylist())):
            types.setdefault(type_, []).append(part)
    for type_, files in types.items():
        temporary = written_aside(target / f"{type_}.parquet")
        with pq.ParquetWriter(temporary, read_ipc(files[0]).schema, compression="zstd") as writer:
            for file in files:
                rows = read_ipc(file)
                writer.write_table(rows.filter(pc.equal(rows["type"], type_)))
        commit_file(temporary, target / f"{type_}.parquet")
