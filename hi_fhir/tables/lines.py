"""The lines of a landed chunk with their places, read frame by frame in constant memory."""

from collections.abc import Iterator
from pathlib import Path

import zstandard

_BLOCK = 1 << 17


class Oversized(bytes):
    """The head of a line that is longer than the limit; the rest was read past."""

    length: int


def read_blocks(path: Path, limit: int) -> Iterator[tuple[int, bool, list[bytes]]]:
    """Blocks of whole lines: the offset of the first line before compression, whether all are ASCII, and the lines.

    A line longer than `limit` bytes comes alone, as `Oversized`. Every line ends in a newline but perhaps the last one.

    Raises:
        zstandard.ZstdError: the chunk is damaged.
    """
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        offset, rest, ahead = 0, b"", b""
        while block := ahead or stream.read(_BLOCK):
            ahead = b""
            lines = block.split(b"\n")
            lines[0] = rest + lines[0]
            rest = lines.pop()
            if lines:
                ascii_only = block.isascii() and lines[0].isascii()
                yield from _within_limit(offset, ascii_only, lines, limit)
                offset += sum(map(len, lines)) + len(lines)
            if len(rest) > limit:
                line, ahead = _read_past(stream, rest, limit)
                rest = b""
                yield offset, False, [line]
                offset += line.length + 1
        if rest:
            yield from _within_limit(offset, rest.isascii(), [rest], limit)


def _within_limit(
    offset: int, ascii_only: bool, lines: list[bytes], limit: int
) -> Iterator[tuple[int, bool, list[bytes]]]:
    if max(map(len, lines)) <= limit:
        yield offset, ascii_only, lines
        return
    for line in lines:
        yield offset, False, [line if len(line) <= limit else _oversized(line, len(line), limit)]
        offset += len(line) + 1


def _read_past(stream: zstandard.ZstdDecompressionReader, head: bytes, limit: int) -> tuple[Oversized, bytes]:
    """The line that `head` begins, cut at the limit, and what follows its newline."""
    length = len(head)
    while block := stream.read(_BLOCK):
        end = block.find(b"\n")
        if end >= 0:
            return _oversized(head, length + end, limit), block[end + 1 :]
        length += len(block)
    return _oversized(head, length, limit), b""


def _oversized(line: bytes, length: int, limit: int) -> Oversized:
    cut = Oversized(line[:limit])
    cut.length = length
    return cut
