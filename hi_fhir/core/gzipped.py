"""Content that is kept as gzip, and gzip answers put together from it without inflating any.

A flushed deflate stream ends at a byte and refers to nothing before its beginning, so that it may stand anywhere in
another one. The first byte stands apart, since resources differ from their answers by what follows it.

Source: RFC 1951 (3.2.3, blocks), RFC 1952 (2.3, member format).
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from isal import isal_zlib

_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no name, no time, an unknown system
_LAST = b"\x03\0"  # an empty block, marked as the last
_END = struct.Struct("<II")  # checksum and size
_STORED = struct.Struct("<BHH")  # not the last block, as it is: size and its complement
_MOST_STORED = 0xFFFF
_FIRST = len(_HEAD) + _STORED.size  # place of the content's first byte
_BARE = -15  # zlib's window bits for deflate without a head
_LEVEL = 1
_ZEROS = memoryview(bytes(1 << 18))


class Rest(NamedTuple):
    """Kept content but for its first byte. file: the gzip file; as `gzipped` makes it."""

    file: bytes

    def inflated(self) -> bytes:
        return isal_zlib.decompressobj(_BARE).decompress(self.deflated)

    @property
    def deflated(self) -> memoryview:
        return memoryview(self.file)[_FIRST + 1 : -len(_LAST) - _END.size]

    def checksum(self, before: int) -> int:
        """The checksum of all up to the end of this, from that of what stands before it."""
        whole, size = self._end
        first = isal_zlib.crc32(self.file[_FIRST : _FIRST + 1])
        # A checksum is linear in what was checked: what zeros turn it into tells what the rest would.
        return whole ^ _after_zeros(first, size - 1) ^ _after_zeros(before, size - 1)

    @property
    def size(self) -> int:
        return self._end[1] - 1

    @property
    def _end(self) -> tuple[int, int]:
        whole, size = _END.unpack_from(self.file, len(self.file) - _END.size)
        return int(whole), int(size)


Part = bytes | memoryview | Rest


def gzipped(content: bytes) -> bytes:
    """A gzip file of content that is not empty, in pieces that can be put into another; any tool reads it."""
    compress = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _BARE)
    rest = compress.compress(memoryview(content)[1:]) + compress.flush(isal_zlib.Z_SYNC_FLUSH)
    end = _END.pack(isal_zlib.crc32(content), len(content))
    return b"".join((_HEAD, *_stored(content[:1]), rest, _LAST, end))


def inflated(file: bytes) -> bytes:
    """The content of a file that `gzipped` made."""
    return file[_FIRST : _FIRST + 1] + Rest(file).inflated()


def joined(pieces: Iterable[Part]) -> bytes:
    """The pieces in a row, as they are."""
    return b"".join(piece.inflated() if isinstance(piece, Rest) else piece for piece in pieces)


def joined_as_gzip(pieces: Iterable[Part]) -> bytes:
    """The same as one gzip file, in which what was not kept as gzip is not compressed."""
    parts: list[bytes | memoryview] = [_HEAD]
    checksum = size = 0
    for piece in pieces:
        if isinstance(piece, Rest):
            parts.append(piece.deflated)
            checksum, size = piece.checksum(checksum), size + piece.size
        else:
            parts += _stored(piece)
            checksum, size = isal_zlib.crc32(piece, checksum), size + len(piece)
    return b"".join((*parts, _LAST, _END.pack(checksum, size % (1 << 32))))


def _stored(piece: bytes | memoryview) -> Iterator[bytes | memoryview]:
    """The piece as blocks that are not compressed."""
    for start in range(0, len(piece), _MOST_STORED):
        part = piece[start : start + _MOST_STORED]
        yield _STORED.pack(0, len(part), len(part) ^ _MOST_STORED)
        yield part


def _after_zeros(checksum: int, size: int) -> int:
    for start in range(0, size, len(_ZEROS)):
        checksum = isal_zlib.crc32(_ZEROS[: size - start], checksum)
    return checksum
