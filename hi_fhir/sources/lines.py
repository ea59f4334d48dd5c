"""Lines cut from a stream without holding more of it than a block: records, and what stands among them."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hi_fhir.sources.messages import is_message

_LONG = 8 << 20
_BLANK = re.compile(rb"^[ \t\r]*\n", re.MULTILINE)
_MAYBE_NO_RECORD = frozenset(b"\n\r \t" + BOM_UTF8[:1])
"""Bytes that a blank line or a byte order mark may begin with."""

_OUTCOME = b'"OperationOutcome"'


class Piece(NamedTuple):
    """Some lines of a stream.

    lines: those that are records, `records` of them, the last one with a newline unless the rest of it follows.
    messages: those that are the server's. size: how many bytes of the stream they all are.
    """

    lines: bytes
    records: int
    messages: list[bytes]
    size: int


def record_pieces(blocks: Iterable[bytes]) -> Iterator[Piece]:
    """NDJSON in pieces. Blank lines and byte order marks are no records, so they are left out.

    A last line that has no newline is given one. A line of more than 8 MiB comes in several pieces, of which only the
    last one ends in a newline.
    """
    is_continued = False
    for whole in _whole_lines(blocks):
        end = whole.find(b"\n") + 1 or len(whole)
        head, lines = (whole[:end], whole[end:]) if is_continued else (b"", whole)
        lines, messages = _without_messages(_without_blanks(lines))
        lines = head + lines if head else lines
        yield Piece(lines, lines.count(b"\n"), messages, len(whole))
        is_continued = not whole.endswith(b"\n")


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest, cut = b"", False
    for block in blocks:
        end = block.rfind(b"\n")
        if end >= 0:
            yield rest + block[: end + 1]
            rest, cut = block[end + 1 :], False
        elif len(rest) + len(block) > _LONG:
            yield rest + block
            rest, cut = b"", True
        else:
            rest += block
    if rest or cut:
        yield rest + b"\n"


def _without_blanks(lines: bytes) -> bytes:
    """The lines without byte order marks and blank lines, which few files have any of."""
    if not _may_begin_otherwise(lines):
        return lines
    lines = lines.removeprefix(BOM_UTF8).replace(b"\n" + BOM_UTF8, b"\n")
    return _BLANK.sub(b"", lines)


def _may_begin_otherwise(lines: bytes) -> bool:
    """Whether a line begins with what no record does: looked at line by line, far faster than looked for."""
    last, start = len(lines) - 1, 0
    while start <= last:
        if lines[start] in _MAYBE_NO_RECORD:
            return True
        start = lines.find(b"\n", start) + 1 or last + 1
    return False


def _without_messages(lines: bytes) -> tuple[bytes, list[bytes]]:
    """The lines that are not the server's messages, and those that are."""
    if _OUTCOME not in lines:
        return lines, []
    records: list[bytes] = []
    messages: list[bytes] = []
    for line in lines.splitlines(keepends=True):
        (messages if _OUTCOME in line and is_message(line) else records).append(line)
    return b"".join(records), messages
