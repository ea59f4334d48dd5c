"""Gzip and deflate unpacked piece by piece, so that whoever takes the pieces can stop before they fill anything."""

import zlib
from collections.abc import Iterable, Iterator

MOST_RATIO = 250
"""Times its size that packed input may come to: JSON of records comes to 10 to 60 times, a bomb to 1,000."""

_FREE = 32 << 20  # bytes that may come out before the ratio is looked at
_PIECE = 1 << 20
_HEAD = 2  # bytes that tell the kinds apart
_EITHER, _BARE = 47, -15  # zlib's window bits for gzip or zlib by their heads, and for deflate without one


class DamagedError(Exception):
    """The packed bytes end too early, or are none."""


def is_a_bomb(size: int, packed: int) -> bool:
    """Whether so much came out of so little as does of no records."""
    return size > _FREE and size > MOST_RATIO * packed


def inflated(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """What the blocks hold, of one member or several: pieces of a megabyte at most, and how much was packed so far.

    Raises:
        DamagedError: they are cut short, or are neither gzip nor deflate.
    """
    packed, member, head = 0, None, b""
    for block in blocks:
        packed += len(block)
        while block:
            if member is None:
                head = (head + block).lstrip(b"\0")  # padding between and after members
                if len(head) < _HEAD:
                    break
                block, head = head, b""
                member = _member(block)
            try:
                piece = member.decompress(block, _PIECE)
            except zlib.error as error:
                raise DamagedError from error
            if piece:
                yield piece, packed
            block = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
    if head:
        raise DamagedError
    if member is not None:
        yield from _rest(member, packed)


def _rest(member: "zlib._Decompress", packed: int) -> Iterator[tuple[bytes, int]]:
    """What a member still holds when all of its bytes are read, which must be its end."""
    while piece := member.decompress(b"", _PIECE):
        yield piece, packed
    if not member.eof:
        raise DamagedError


def _member(start: bytes) -> "zlib._Decompress":
    try:
        zlib.decompressobj(_EITHER).decompress(start, 1)
    except zlib.error:
        return zlib.decompressobj(_BARE)
    return zlib.decompressobj(_EITHER)
