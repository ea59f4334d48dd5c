"""The lines of a landed chunk with their places, read frame by frame in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import zstandard

_BLOCK = 1 << 16


class Oversized(bytes):
    """The head of a line that is longer than the limit; the rest was read past."""

    length: int


@dataclass
class Block:
    """Whole lines one after the other, without the newline of the last one. offset: of the first before compression.

    A line longer than the limit is a block of its own, as `Oversized`.
    """

    offset: int
    data: bytes

    @cached_property
    def lines(self) -> list[bytes]:
        return [self.data] if isinstance(self.data, Oversized) else self.data.split(b"\n")

    def objects(self) -> int:
        """How many objects it holds if every line is one JSON object by its ends and no line is blank; else 0.

        Between the braces of two lines no JSON document goes on, so where as many documents are read as there are
        lines, each is one.
        """
        if isinstance(self.data, Oversized):
            return 0
        data, count = self.data, 1
        end = data.find(b"\n")
        while end >= 0:
            if data[end - 1 : end + 2] != b"}\n{":
                return 0
            count += 1
            end = data.find(b"\n", end + 1)
        return count


def read_blocks(path: Path, limit: int) -> Iterator[Block]:
    """All lines of a chunk. Every line ends in a newline but perhaps the last one. limit: bytes of a line.

    Raises:
        zstandard.ZstdError: the chunk is damaged.
    """
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        offset, rest, ahead = 0, b"", b""
        while block := ahead or stream.read(_BLOCK):
            ahead = b""
            end = block.rfind(b"\n")
            if end < 0:
                rest += block
            else:
                lines = Block(offset, b"".join((rest, memoryview(block)[:end])))
                rest = block[end + 1 :]
                yield from _within_limit(lines, limit)
                offset += len(lines.data) + 1
            if len(rest) > limit:
                line, ahead = _read_past(stream, rest, limit)
                rest = b""
                yield Block(offset, line)
                offset += line.length + 1
        if rest:
            yield from _within_limit(Block(offset, rest), limit)


def _within_limit(block: Block, limit: int) -> Iterator[Block]:
    if len(block.data) <= limit or max(map(len, lines := block.lines)) <= limit:
        yield block
        return
    offset = block.offset
    for line in lines:
        yield Block(offset, line if len(line) <= limit else _oversized(line, len(line), limit))
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
