"""Records that could not be taken: where each stood, what was wrong, and its bytes, for the practice alone."""

import re

import msgspec
import pyarrow as pa

from hi_fhir.tables.lines import Oversized
from hi_fhir.tables.refused import RefusedError

QUARANTINE = pa.schema(
    [
        pa.field("type", pa.string(), nullable=False),  # as the record says, else the chunk's
        pa.field("chunk", pa.string(), nullable=False),  # its folder and name
        pa.field("line", pa.int64(), nullable=False),  # from 1
        pa.field("byte_offset", pa.int64(), nullable=False),  # of the line's first byte, before compression
        pa.field("kind", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),  # JSON path
        pa.field("reason", pa.string(), nullable=False),  # in words, without any value of the record
        pa.field("length", pa.int64(), nullable=False),  # bytes of the line
        pa.field("raw", pa.binary(), nullable=False),  # the line as landed, cut at RAW_LIMIT
    ]
)
"""Grain: one row per refused line, in order of chunk and line."""

RAW_LIMIT = 1 << 16

_PLACE = re.compile(r" - at `(.+)`$")
_EXPECTED = re.compile(r"^Expected `[^`]*`, got `[^`]*`")


class Refusal(msgspec.Struct, frozen=True):
    """What was wrong with a line, in words of our own."""

    kind: str
    path: str
    reason: str


def diagnose(line: bytes, error: Exception) -> Refusal:
    """Why `line` was refused. Nothing that it says comes from the record: msgspec's messages can quote a value."""
    if isinstance(error, RefusedError):
        return Refusal(error.kind, error.path, error.reason)
    if isinstance(error, RecursionError):
        return Refusal("too-deep", "$", "nested deeper than can be read")
    if isinstance(error, UnicodeDecodeError):
        return Refusal("invalid-utf8", "$", "not UTF-8")
    if isinstance(error, msgspec.ValidationError):
        return _mistyped(str(error))
    if line.startswith(b"\xef\xbb\xbf"):
        return Refusal("byte-order-mark", "$", "begins with a byte order mark")
    if not line.strip():
        return Refusal("blank-line", "$", "nothing but space")
    return Refusal("not-json", "$", "not one JSON document")


def _mistyped(message: str) -> Refusal:
    place = _PLACE.search(message)
    path = place[1] if place else "$"
    expected = _EXPECTED.match(message)
    if expected:
        return Refusal("wrong-type", path, expected[0])
    if message.startswith("Object missing required field"):
        return Refusal("missing-field", path, message.removesuffix(place[0]) if place else message)
    if "RFC3339" in message:
        return Refusal("impossible-date", path, "not an instant with its offset")
    return Refusal("invalid-value", path, "not a value that FHIR allows here")


def row(
    type_: str, chunk: str, line: int, offset: int, refusal: Refusal, raw: bytes
) -> tuple[str, str, int, int, str, str, str, int, bytes]:
    """One row of QUARANTINE."""
    length = raw.length if isinstance(raw, Oversized) else len(raw)
    return type_, chunk, line, offset, refusal.kind, refusal.path, refusal.reason, length, bytes(raw[:RAW_LIMIT])
