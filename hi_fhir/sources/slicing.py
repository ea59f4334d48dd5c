"""How long searches are cut into slices of about the same length: by asking the server for counts.

Slices by the instant of the last update need nothing to be known of the data, take in records about people who are not
there, and cover what changes while they are read: the last one has no end and is read when all others are. A search
whose counts do not show that its slices cover the whole is not sliced.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FhirClient
from hi_fhir.sources.pages import Parameter, decode_bundle
from hi_fhir.sources.pulls import Pull
from hi_fhir.sources.searches import (
    Slice,
    TypeSearch,
    check_self_link,
    filters,
    fits_an_address,
    request_of,
    whole_type,
)

T = TypeVar("T")

_PEOPLE = "Patient"
_NO_BASE = "Without people nothing is counted. Is the address that of a FHIR base: is /fhir missing?"
_NOT_SEARCHED = frozenset({400, 403, 404, 405, 501})
_REFUSALS = _NOT_SEARCHED | {413, 414, 415, 422}
_STILL_UNKNOWN = frozenset({408, 502, 503, 504})
_PAGES_A_SLICE = 5  # shorter slices are not worth their requests
_MOST_WRITTEN = 1.01  # by others, between two counts
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Planned(NamedTuple):
    """searches: as the server takes them, counted and cut. refused: types that it does not let be searched, and why."""

    searches: tuple[TypeSearch, ...]
    refused: dict[str, str]


def plan_slices(pull: Pull, client: FhirClient, searches: Sequence[TypeSearch], now: datetime) -> Planned:
    """The searches with their counts, the long ones sliced. now: the server's own idea of it.

    Raises:
        SourceError: the server failed, or does not let patients be searched, without whom nothing can be counted.
    """
    counter = Counter(client)
    with ThreadPoolExecutor(pull.config.slices) as pool:
        taken = [*pool.map(partial(_as_taken, counter, pull.config.page_size), searches)]
        refused = {one.type: one.reason for one in taken if isinstance(one, Refused)}
        counted = list(dict.fromkeys(one for one in taken if isinstance(one, TypeSearch) and one.type not in refused))
        total = sum(search.count or 0 for search in counted)
        target = max(-(-total // (2 * pull.config.slices)), _PAGES_A_SLICE * pull.config.page_size)
        sliced = tuple(_sliced(counter, pool, search, _milliseconds(now), target) for search in counted)
    return Planned(sliced, refused)


class Refused(NamedTuple):
    """A type that a server does not let be searched; reason: in words."""

    type: str
    reason: str


def _as_taken(counter: "Counter", page_size: int, search: TypeSearch) -> TypeSearch | Refused:
    """The search in the first form that the server takes, with its count.

    A search by codes goes as a form, in the address where it is short enough, or else of the whole type: what is not
    asked for is left out later. Whether a server takes one is seen from its count, and from a page where that fails.
    """
    for form in _forms(counter.client, search):
        try:
            return counter.counted(form)
        except SourceError as error:
            if not _is_unknown(error):
                raise
        try:
            counter.look(form, page_size)
            return form
        except SourceError as error:
            if error.status not in _REFUSALS or (form.parameter is None and error.status not in _NOT_SEARCHED):
                raise
            refusal = error
    if search.type == _PEOPLE:
        raise SourceError(f"{refusal} {_NO_BASE}", kind=refusal.kind, status=refusal.status)
    return Refused(search.type, f"its search is answered with {refusal.status}")


def check_people(client: FhirClient, not_offered: Mapping[str, str]) -> None:
    """Raise SourceError where people are what a server does not offer."""
    if _PEOPLE in not_offered:
        raise SourceError(
            f"{client.name}: no {_PEOPLE} can be had, and without people nothing is counted: {not_offered[_PEOPLE]}. "
            "Where the server has an export, try pull_method = export.",
            kind="not-offered",
        )


def told_not_offered(not_offered: Mapping[str, str]) -> str:
    """The end of a line of progress: the types that were asked for in vain."""
    return f"; not offered: {', '.join(sorted(not_offered))}" if not_offered else ""


def _forms(client: FhirClient, search: TypeSearch) -> list[TypeSearch]:
    if search.parameter is None:
        return [search]
    address = [msgspec.structs.replace(search, posted=False)] if fits_an_address(client, search) else []
    return [search, *address, whole_type(search.type)]


def _is_unknown(error: SourceError) -> bool:
    """Whether the error of a count leaves open how many there are, and the server may still give them."""
    if error.status in _STILL_UNKNOWN or error.kind in ("timeout", "unreadable-body", "operation-outcome"):
        return True
    return error.kind in ("http-status", "forbidden") and not error.retryable


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
        self.client = client

    def counted(self, search: TypeSearch) -> TypeSearch:
        """The search with its count, None in it where the server does not say.

        Raises:
            SourceError: as the server was asked.
        """
        found = self._count(search, Slice())
        return msgspec.structs.replace(search, count=found, slices=(Slice(count=found),))

    def count(self, search: TypeSearch, slice_: Slice) -> int | None:
        """None where the server does not say, or does not get done with counting.

        Raises:
            SourceError: dropped-parameter, or the server cannot be reached.
        """
        try:
            return self._count(search, slice_)
        except SourceError as error:
            if _is_unknown(error):
                return None
            raise

    def look(self, search: TypeSearch, page_size: int) -> None:
        """Ask for the first page, to see whether the server takes the search.

        Raises:
            SourceError: it does not.
        """
        asked = [*filters(search, Slice()), ("_count", str(page_size))]
        self.client.resource(request_of(self.client, search, asked), decode_bundle)

    def _count(self, search: TypeSearch, slice_: Slice) -> int | None:
        asked = [*filters(search, slice_), ("_summary", "count")]
        answer = self._ask(search, asked, msgspec.json.Decoder(_Total).decode)
        own = next((link.get("url") for link in answer.link if link.get("relation") == "self"), None)
        check_self_link(self.client, search, slice_, own)
        return answer.total

    def updated(self, search: TypeSearch, order: str) -> int | None:
        """When the first record in this order was last updated, in milliseconds; None where the server does not say."""
        asked = [*filters(search, Slice()), ("_sort", order), ("_count", "1")]
        try:
            answer = self._ask(search, asked, msgspec.json.Decoder(_FirstEntry).decode)
        except SourceError as error:
            if _is_unknown(error):
                return None
            raise
        resources = [entry.resource for entry in answer.entry if entry.resource]
        if not resources or resources[0].meta is None or resources[0].meta.last_updated is None:
            return None
        try:
            return _milliseconds(datetime.fromisoformat(resources[0].meta.last_updated))
        except (ValueError, TypeError):
            return None

    def _ask(self, search: TypeSearch, asked: list[Parameter], decode: Callable[[bytes], T]) -> T:
        return self.client.resource(request_of(self.client, search, asked, spare=True), decode)[0]


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


def _sliced(counter: Counter, pool: ThreadPoolExecutor, search: TypeSearch, now: int, target: int) -> TypeSearch:
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


def _halved(counter: Counter, pool: ThreadPoolExecutor, search: TypeSearch, whole: _Piece, target: int) -> list[_Piece]:
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
