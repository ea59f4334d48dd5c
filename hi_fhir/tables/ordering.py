"""Rows in order by one number each, which is quick, and by their columns only where numbers are the same."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int64]


def places_in_order(numbers: np.ndarray, columns: Callable[[pa.Array], pa.Table]) -> Places:
    """Places of rows in the order of their numbers, those of one number in the order of some columns, nulls last.

    columns: these columns, in the order in which they count, of the rows at some places.
    """
    order = np.argsort(numbers, kind="stable")
    tied = repeated(numbers[order])
    if tied.any():
        places = order[tied]
        others = columns(pa.array(places))
        keys = pa.table([pa.array(numbers[places]), *others.columns], names=["", *others.column_names])
        order[tied] = places[sorted_places(keys).to_numpy()]
    return order


def sorted_places(keys: pa.Table) -> pa.Array:
    """Places of rows in the order of all columns."""
    return pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])


def repeated(ordered: np.ndarray) -> npt.NDArray[np.bool_]:
    """Which of some values, in order, are that of a neighbour too."""
    return _marked(ordered.size, ordered[1:] == ordered[:-1])


def repeated_texts(ordered: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """The same of texts."""
    texts = ordered.combine_chunks()
    same = pc.equal(texts.slice(1), texts.slice(0, len(texts) - 1))
    return _marked(len(texts), same.to_numpy(zero_copy_only=False))


def _marked(size: int, same_as_last: np.ndarray) -> npt.NDArray[np.bool_]:
    found = np.zeros(size, dtype=bool)
    found[1:] |= same_as_last
    found[:-1] |= same_as_last
    return found
