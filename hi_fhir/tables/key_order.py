"""The versions of one type from all chunks in order of id, range of ids by range, so that memory has a bound."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.tables.ipc import read_ipc
from hi_fhir.tables.ordering import places_in_order

RANGE_KEYS = 500_000
"""About how many versions are in memory at a time."""

_WIDTH = 8  # bytes of an id that stand in one number
_SAMPLES = 4_096  # ids of a chunk that tell where to cut

Prefixes = npt.NDArray[np.uint64]


def in_order(files: Sequence[Path], count: int) -> Iterator[pa.Table]:
    """The rows of some files of keys by id, and of one id by seq. count: of rows. No id is in two of the tables.

    Ids that are the same in their first bytes, but for those that all of them begin with, are in one table, however
    many they are.
    """
    skip = _common([_ends(read_ipc(path)["id"]) for path in files])
    cuts = _cuts(files, skip, -(-count // RANGE_KEYS))
    ranges = [_ranges(read_ipc(path), skip, cuts) for path in files]
    for number in range(cuts.size + 1):
        parts = [_those(read_ipc(path), mine == number) for path, mine in zip(files, ranges, strict=True)]
        if any(part.num_rows for part in parts):
            rows = pa.concat_tables(parts).combine_chunks()
            prefixes = _prefixes(rows["id"].chunk(0), skip)
            yield rows.take(pa.array(places_in_order(prefixes, rows.select(["id", "seq"]).take)))


def _ends(ids: pa.ChunkedArray) -> tuple[bytes, bytes]:
    ends = pc.min_max(ids)
    return ends["min"].as_py().encode(), ends["max"].as_py().encode()


def _common(ends: Sequence[tuple[bytes, bytes]]) -> int:
    """How many bytes all ids begin with."""
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return next((place for place, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))


def _cuts(files: Sequence[Path], skip: int, ranges: int) -> Prefixes:
    """The numbers at which ids are cut into about equal ranges."""
    if ranges < 2:
        return np.empty(0, dtype=np.uint64)
    samples = []
    for path in files:
        ids = read_ipc(path)["id"].chunk(0)
        samples.append(_prefixes(ids.take(pa.array(np.linspace(0, len(ids) - 1, _SAMPLES).astype(np.int64))), skip))
    sample = np.sort(np.concatenate(samples))
    return np.unique(sample[np.linspace(0, sample.size, ranges + 1).astype(np.int64)[1:-1]])


def _ranges(rows: pa.Table, skip: int, cuts: Prefixes) -> npt.NDArray[np.uint16]:
    """In which range each row is, worked out once a file: there are as many ranges as the input is large."""
    if not cuts.size:
        return np.zeros(rows.num_rows, dtype=np.uint16)
    return np.searchsorted(cuts, _prefixes(rows["id"].chunk(0), skip), side="right").astype(np.uint16)


def _those(rows: pa.Table, wanted: npt.NDArray[np.bool_]) -> pa.Table:
    return rows if wanted.all() else rows.filter(pa.array(wanted))


def _prefixes(ids: pa.StringArray, skip: int) -> Prefixes:
    """Of each id the bytes after the first `skip` as a number that compares as they do, shorter ones filled with 0."""
    _, offsets, data = ids.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[ids.offset : ids.offset + len(ids) + 1]
    letters = np.frombuffer(data, dtype=np.uint8)
    starts = ends[:-1] + skip
    width = ends[1:] - starts
    found = np.zeros((len(ids), _WIDTH), dtype=np.uint8)
    all_wide = width.size > 0 and int(width.min()) >= _WIDTH
    for place in range(_WIDTH):
        if all_wide:
            found[:, place] = letters[starts + place]
        else:
            there = width > place
            found[there, place] = letters[starts[there] + place]
    numbers: Prefixes = found.view(">u8").ravel().astype(np.uint64)
    return numbers
