"""Memory that was freed, given back to the system: allocators keep it for more of the same work."""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Give back what Arrow's allocator and that of C keep, once work of another kind follows."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library alone
    if trim is not None:
        trim(0)
