"""What allocators keep goes back to the system."""

import ctypes
import os
from pathlib import Path

import pytest

from hi_fhir.tables.freed import give_back

_BLOCK, _BLOCKS = 4096, 20_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="of the GNU C library alone")
def test_memory_that_was_freed_is_given_back_though_what_was_taken_last_is_still_held() -> None:
    library = ctypes.CDLL(None)
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    blocks = [library.malloc(_BLOCK) for _ in range(_BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, _BLOCK)
    for block in blocks[:-1]:
        library.free(block)
    freed = resident_bytes()

    give_back()

    assert freed - resident_bytes() > _BLOCK * _BLOCKS // 2
    library.free(blocks[-1])


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
