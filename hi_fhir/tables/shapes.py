"""Shapes: what few clinical rows differ in, as one number a row until the rows are written.

Each chunk numbers its own shapes and keeps them in a file beside its rows. Together they are numbered anew, in the
order of their columns, so that rows are in the order of these columns where they are in that of their numbers.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.tables.ipc import read_ipc

SHAPE = ("component", "system", "code", "unit", "status", "dated_by", "comparator", "negation")
"""The columns, in their order."""

SCHEMA = pa.schema([pa.field(name, pa.string()) for name in SHAPE])
"""Grain: one row a shape of a chunk, by its number."""

_FILE = "shapes.arrow"
_WIDEST = 1 << 62

Numbers = npt.NDArray[np.int64]


def shapes_file(folder: Path) -> Path:
    """Where the results of a chunk have its shapes."""
    return folder / _FILE


def read_shapes(folder: Path) -> pa.Table:
    """The shapes of one chunk, each column as numbers for words, by their number."""
    return pa.table([_encoded(column) for column in read_ipc(shapes_file(folder)).itercolumns()], names=SHAPE)


class KnownShapes(NamedTuple):
    """shapes: all, each column as numbers for words, by their number. numbers: by chunk, those of its own."""

    shapes: pa.Table
    numbers: dict[Path, Numbers]


@lru_cache(maxsize=1)
def known_shapes(folders: tuple[Path, ...]) -> KnownShapes:
    """The shapes of some chunks together."""
    parts = [read_ipc(shapes_file(folder)) for folder in folders]
    every = pa.concat_tables(parts).combine_chunks()
    encoded = [_encoded(column) for column in every.itercolumns()]
    first, numbers = _numbered(encoded)
    columns = [words.take(pa.array(first)) for words in encoded]
    ends = np.cumsum([part.num_rows for part in parts])[:-1]
    return KnownShapes(pa.table(columns, names=SHAPE), dict(zip(folders, np.split(numbers, ends), strict=True)))


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of words as numbers that compare as the words do."""
    words = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(words.dictionary)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(rank).take(words.indices), words.dictionary.take(order))


def _numbered(columns: Sequence[pa.DictionaryArray]) -> tuple[Numbers, Numbers]:
    """Rows of these columns in their order, a row without a word after the others: of each different one a place where
    it is, and of every row which one it is."""
    numbers, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        words = len(column.dictionary) + 1
        if size * words > _WIDEST:
            known, numbers = np.unique(numbers, return_inverse=True)
            size = known.size
        numbers = numbers * words + column.indices.fill_null(words - 1).to_numpy()
        size *= words
    _, first, places = np.unique(numbers, return_index=True, return_inverse=True)
    return first, places


def unfolded(rows: pa.Table, shapes: pa.Table) -> pa.Table:
    """Rows with the columns of their shapes in place of the numbers of these."""
    place, numbers = rows.column_names.index("shape"), rows["shape"].combine_chunks()
    rows = rows.remove_column(place)
    for name, column in zip(reversed(shapes.column_names), reversed(shapes.columns), strict=True):
        words = column.combine_chunks()
        rows = rows.add_column(
            place, name, pa.DictionaryArray.from_arrays(words.indices.take(numbers), words.dictionary)
        )
    return rows
