"""What a server says beside its records: OperationOutcomes, in files of their own or among the lines of others."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

OUTCOMES = "OperationOutcome"

_FAILURES = ("fatal", "error")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Issue(msgspec.Struct):
    severity: str = ""


class _Outcome(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    issue: list[_Issue] | None = None


class Messages(NamedTuple):
    """How many there are, and how many of them say that something failed (severity error or fatal)."""

    all: int
    failed: int


def is_message(line: bytes) -> bool:
    """Whether a line is an OperationOutcome."""
    outcome = _decoded(line)
    return outcome is not None and outcome.resource_type == OUTCOMES


def count_messages(lines: Iterable[bytes]) -> Messages:
    """Of lines that are messages or cannot be read; what cannot be read says of no failure. Blank ones are none."""
    found = [line for line in lines if line.strip()]
    return Messages(len(found), sum(map(_is_failure, found)))


def _is_failure(line: bytes) -> bool:
    outcome = _decoded(line)
    return outcome is not None and any(issue.severity in _FAILURES for issue in outcome.issue or ())


def _decoded(line: bytes) -> _Outcome | None:
    try:
        return msgspec.json.decode(line, type=_Outcome)
    except _UNREADABLE:
        return None
