"""How long searches are cut into slices of about the same length: by asking the server for counts.

Slices by the instant of the last update need nothing to be known of the data, take in records about people who are not
there, and cover what changes while they are read: the last one has no end and is read when all others are. A search
whose counts do not show that its slices cover the whole is not sliced.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FhirClient
from hi_fhir.sources.pages import Parameter
from hi_fhir.sources.pulls import Pull
from hi_fhir.sources.searches import Search, Slice, check_self_link, filters, request_of

_PAGES_A_SLICE = 5  # shorter slices are not worth their requests
_MOST_WRITTEN = 1.01  # by others, between two counts
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plan_slices(pull: Pull, client: FhirClient, searches: Sequence[Search], now: datetime) -> tuple[Search, ...]:
    """The searches with their counts, the long ones sliced. now: the server's own idea of it."""
    counter = Counter(client)
    with ThreadPoolExecutor(pull.config.slices) as pool:
        counted = list(pool.map(counter.counted, searches))
        total = sum(search.count or 0 for search in counted)
        target = max(-(-total // (2 * pull.config.slices)), _PAGES_A_SLICE * pull.config.page_size)
        return tuple(_sliced(counter, pool, search, _milliseconds(now), target) for search in counted)


class _Total(msgspec.Struct):
    total: int | None = None
    link: list[dict[str, Any]] = []


class _Meta(msgspec.Struct, rename="camel"):
    last_updated: str | None = None


class _Resource(msgspec.Struct):
    meta: _Meta | None = None


class _Entry(msgspec.Struct):
    resource: _Resource | None = None


class _FirstEntry(msgspec.Struct):
    entry: list[_Entry] = []


class Counter:
    """Asks a server how many there are, and how old they are."""

    def __init__(self, client: FhirClient) -> None:
        self._client = client

    def counted(self, search: Search) -> Search:
        found = self.count(search, Slice())
        return msgspec.structs.replace(search, count=found, slices=(Slice(count=found),))

    def count(self, search: Search, slice_: Slice) -> int | None:
        """None where the server does not say.

        Raises:
            SourceError: dropped-parameter, or the server cannot be reached.
        """
        asked = [*filters(search, slice_), ("_summary", "count")]
        answer: _Total | None = self._ask(search, asked, msgspec.json.Decoder(_Total).decode)
        if answer is None:
            return None
        own = next((link.get("url") for link in answer.link if link.get("relation") == "self"), None)
        check_self_link(self._client, search, slice_, own)
        return answer.total

    def updated(self, search: Search, order: str) -> int | None:
        """When the first record in this order was last updated, in milliseconds; None where the server does not say."""
        asked = [*filters(search, Slice()), ("_sort", order), ("_count", "1")]
        answer = self._ask(search, asked, msgspec.json.Decoder(_FirstEntry).decode)
        resources = [entry.resource for entry in answer.entry if entry.resource] if answer else []
        if not resources or resources[0].meta is None or resources[0].meta.last_updated is None:
            return None
        try:
            return _milliseconds(datetime.fromisoformat(resources[0].meta.last_updated))
        except (ValueError, TypeError):
            return None

    def _ask(self, search: Search, asked: list[Parameter], decode: Callable[[bytes], Any]) -> Any:
        try:
            return self._client.resource(request_of(self._client, search, asked), decode)[0]
        except SourceError as error:
            if error.kind in ("http-status", "unreadable-body", "operation-outcome") and not error.retryable:
                return None
            raise


class _Piece(NamedTuple):
    """Records updated in [low, high), in milliseconds."""

    low: int
    high: int
    size: int

    @property
    def middle(self) -> int:
        return (self.low + self.high) // 2

    def halves(self, first: int) -> "tuple[_Piece, _Piece]":
        """Cut in the middle, with `first` records before it."""
        return _Piece(self.low, self.middle, first), _Piece(self.middle, self.high, self.size - first)


def _sliced(counter: Counter, pool: ThreadPoolExecutor, search: Search, now: int, target: int) -> Search:
    """The search in slices of about `target` records, or as it is where the server's counts do not add up."""
    if search.count is None or search.count <= target:
        return search
    oldest, newest = pool.map(partial(counter.updated, search), ("_lastUpdated", "-_lastUpdated"))
    before = counter.count(search, Slice(before=_text(now)))
    late = counter.count(search, Slice(since=_text(now)))  # after the other: what is updated between is in both
    if oldest is None or newest is None or not before or late is None or not _covers(search.count, before + late):
        return search
    whole = _Piece(min(oldest, now - 1), min(newest + 1, now), before)
    pieces = _merged(_halved(counter, pool, search, whole, target), target)
    bounds = [None, *(_text(piece.low) for piece in pieces[1:]), _text(now)]
    slices = [Slice(bounds[i], bounds[i + 1], piece.size) for i, piece in enumerate(pieces)]
    return msgspec.structs.replace(search, slices=(*slices, Slice(since=_text(now), count=late)))


def _covers(whole: int, parts: int) -> bool:
    """Whether the counts of two parts come to the whole, but for the little that others may have written.

    Less means records that no slice would find; much more, that the server passes over `_lastUpdated`.
    """
    return whole <= parts <= whole * _MOST_WRITTEN


def _halved(counter: Counter, pool: ThreadPoolExecutor, search: Search, whole: _Piece, target: int) -> list[_Piece]:
    """Cut in two by time until each piece is short enough, or a single millisecond; all of one length at a time."""
    pieces = [whole]
    while long := [piece for piece in pieces if piece.size > target and piece.high - piece.low > 1]:
        firsts = [Slice(_text(piece.low), _text(piece.middle)) for piece in long]
        sizes = pool.map(partial(counter.count, search), firsts)
        halves = {piece: piece.halves(size or 0) for piece, size in zip(long, sizes, strict=True)}
        pieces = [part for piece in pieces for part in halves.get(piece, (piece,))]
    return pieces


def _merged(pieces: Iterable[_Piece], target: int) -> list[_Piece]:
    """Neighbours that are short enough together are one."""
    found: list[_Piece] = []
    for piece in pieces:
        if found and found[-1].size + piece.size <= target:
            found[-1] = _Piece(found[-1].low, piece.high, found[-1].size + piece.size)
        else:
            found.append(piece)
    return found


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _text(milliseconds: int) -> str:
    at = _EPOCH + timedelta(milliseconds=milliseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
