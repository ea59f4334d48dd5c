"""Compressed input unpacked within bounds, so that a small file cannot fill memory or disk."""

import zlib
from collections.abc import Iterable, Iterator

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BLOCK = 1 << 22
_MOST_RATIO = 250  # NDJSON of records comes to 10 to 60 times its size; what is made to fill disks, to 1,000
_FREE = 32 << 20  # bytes that may come out before the ratio is looked at


class PackedError(Exception):
    """Packed input that cannot be taken; the message goes on after "the file". is_cut: there is less than there was."""

    def __init__(self, said: str, *, is_cut: bool = False) -> None:
        super().__init__(said)
        self.is_cut = is_cut


class Bounds:
    """Held against what comes out of packed input. limit: bytes in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._came = 0

    def add(self, came: int, packed: int) -> None:
        """Count `came` more bytes, all of them out of `packed` bytes so far.

        Raises:
            PackedError: they are more than the limit, or more than any record comes to.
        """
        self._came += came
        if self._came > self._limit:
            raise PackedError(f"comes to more than {self._limit >> 20:,} MB when unpacked (unpacked_limit_mb)")
        if self._came > _FREE and self._came > _MOST_RATIO * packed:
            raise PackedError(f"comes to more than {_MOST_RATIO} times its size when unpacked, as no records do")


def is_gzip(start: bytes) -> bool:
    """Whether a stream that begins so is gzip, whatever it is called."""
    return start.startswith(_GZIP)


def is_zip(start: bytes) -> bool:
    return start.startswith(_ZIP)


def unpacked(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """What a stream of gzip, of one member or several, holds.

    Raises:
        PackedError: it is cut short, damaged or over a bound.
    """
    bounds, packed = Bounds(limit), 0
    member = None
    for block in blocks:
        packed += len(block)
        while block:
            if member is None:
                block = block.lstrip(b"\0")  # padding between and after members
                if not block:
                    break
                member = zlib.decompressobj(wbits=31)
            out, block = _step(member, block)
            bounds.add(len(out), packed)
            if out:
                yield out
            if member.eof:
                block, member = member.unused_data, None
    if member is not None:
        raise PackedError("is cut short or damaged", is_cut=True)


def _step(member: "zlib._Decompress", block: bytes) -> tuple[bytes, bytes]:
    """What comes out next, at most a block of it, and the input that is left."""
    try:
        out = member.decompress(block, _BLOCK)
    except zlib.error as error:
        raise PackedError("is cut short or damaged", is_cut=True) from error
    return out, member.unconsumed_tail
