"""The body of a response, read within bounds: of bytes, of what they unpack to, and of time.

Whatever a server sends, no more of it is held than a limit, and no more than two large bodies at a time.
"""

import threading
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import requests
import urllib3.exceptions

from hi_fhir.core.errors import SourceError
from hi_fhir.core.inflating import MOST_RATIO, DamagedError, inflated, is_a_bomb
from hi_fhir.fhir.transport import Pace

_BLOCK = 1 << 20
_LARGE = 8 << 20
_MOST_LARGE = 2
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN = frozenset({"", "identity", "none"})
_GONE = (urllib3.exceptions.HTTPError, requests.RequestException, OSError, DamagedError)


class Limit(NamedTuple):
    """Bytes of a body when unpacked; setting: the one that says so. whole: whether the time of it is limited as well,
    and not just that of each megabyte."""

    mb: int
    setting: str
    whole: bool = True


class MakeError(Protocol):
    """How what is wrong with a response becomes an error."""

    def __call__(self, kind: str, said: str, *, retryable: bool = False) -> SourceError: ...


class Turns:
    """Who may hold a large body: two at a time, the others wait. One a client."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(_MOST_LARGE)


class Turn:
    """One body's place among the large ones, taken once it is large."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._taken = False

    def take(self, size: int) -> None:
        if size > _LARGE and not self._taken:
            self._turns.free.acquire()
            self._taken = True

    def give_back(self) -> None:
        if self._taken:
            self._turns.free.release()
            self._taken = False


def received(response: requests.Response, limit: Limit, pace: Pace, error: MakeError) -> Iterator[bytes]:
    """The body in pieces of a megabyte at most, unpacked.

    Raises:
        SourceError: truncated-body, too-large, too-slow or content-encoding.
    """
    headers = response.headers
    announced, encoding = headers.get("Content-Length", ""), headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _PLAIN | _PACKED:
        raise error("content-encoding", "is packed in a way that was not asked for")
    if announced.isdecimal() and int(announced[:20]) > limit.mb << 20:
        raise too_large(limit, error)
    size, raw = 0, _raw(response, None if limit.whole else pace)
    try:
        for piece, packed in inflated(raw) if encoding in _PACKED else ((block, len(block)) for block in raw):
            size += len(piece)
            if size > limit.mb << 20:
                raise too_large(limit, error)
            if encoding in _PACKED and is_a_bomb(size, packed):
                raise error("too-large", f"comes to more than {MOST_RATIO} times its size when unpacked")
            yield piece
    except _GONE as failure:
        if pace.is_over:
            raise error("too-slow", "took longer than response_limit_s allows, and was not complete") from failure
        raise error("truncated-body", "ended before it was complete", retryable=True) from failure


def too_large(limit: Limit, error: MakeError) -> SourceError:
    return error("too-large", f"is larger than {limit.mb:,} MB ({limit.setting})")


def _raw(response: requests.Response, renewed: Pace | None) -> Iterator[bytes]:
    """The bytes as they come. renewed: the pace of a body whose time begins anew with each block."""
    while block := response.raw.read(_BLOCK, decode_content=False):
        if renewed is not None:
            renewed.renew()
        yield block
