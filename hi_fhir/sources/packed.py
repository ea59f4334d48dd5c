"""Compressed input unpacked within bounds, so that a small file cannot fill memory or disk."""

from collections.abc import Iterable, Iterator

from hi_fhir.core.inflating import MOST_RATIO, DamagedError, inflated, is_a_bomb

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class PackedError(Exception):
    """Packed input that cannot be taken; the message goes on after "the file". is_cut: there is less than there was."""

    def __init__(self, said: str, *, is_cut: bool = False) -> None:
        super().__init__(said)
        self.is_cut = is_cut


class PackedBounds:
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
        if is_a_bomb(self._came, packed):
            raise PackedError(f"comes to more than {MOST_RATIO} times its size when unpacked, as no records do")


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
    bounds = PackedBounds(limit)
    try:
        for out, packed in inflated(blocks):
            bounds.add(len(out), packed)
            yield out
    except DamagedError as error:
        raise PackedError("is cut short or damaged", is_cut=True) from error
