"""Texts put together while they are made, when they are still in the processor's cache."""

from array import array
from collections.abc import Sequence

import numpy as np
import pyarrow as pa


class Texts:
    """A column of texts, none of them null."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lengths = array("i")

    def __len__(self) -> int:
        return len(self._lengths)

    def extend(self, texts: Sequence[str]) -> None:
        joined = "".join(texts)
        if joined.isascii():
            self._lengths.extend(map(len, texts))
        else:
            self._lengths.extend(len(text.encode()) for text in texts)
        self._data += joined.encode()

    def column(self) -> pa.StringArray:
        """The texts; they are given away by this."""
        ends = np.zeros(len(self._lengths) + 1, dtype=np.int32)
        np.cumsum(np.frombuffer(self._lengths, dtype=np.int32), out=ends[1:])
        data, self._data, self._lengths = self._data, bytearray(), array("i")
        return pa.StringArray.from_buffers(ends.size - 1, pa.py_buffer(ends), pa.py_buffer(data))
