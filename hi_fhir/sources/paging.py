"""The slices of searches, each landed page by page into a lane of its own, and held against the server's counts."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from hi_fhir.core.errors import GateError, SourceError
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.responses import FhirResponse, read_json
from hi_fhir.sources.chunks import Lane
from hi_fhir.sources.pages import Distinct, decode_bundle, take
from hi_fhir.sources.pulls import Pull
from hi_fhir.sources.searches import Slice, TypeSearch, check_self_link, filters, request_of
from hi_fhir.sources.slicing import Counter

T = TypeVar("T")

_GONE = (404, 410)
_STUCK = (408, 500, 502, 504)
_TRIES_WHERE_STUCK = 3


class SearchPart(NamedTuple):
    """One slice of one search, and the lane that it fills."""

    search: TypeSearch
    slice: Slice
    lane: Lane


class _Landed(NamedTuple):
    """What came of one page. following: its next link, which stood in the answer of `url`."""

    records: int
    following: str | None
    url: str


class _LostError(Exception):
    """The search that a next link goes on with is of no use any more, so that its slice must be begun anew.

    is_forgotten: the server says so. Else it never answers: a HAPI that was killed while it worked a search out waits,
    after its restart, for itself to end that work.
    """

    def __init__(self, error: SourceError, *, is_forgotten: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_forgotten = is_forgotten


def parts_of(pull: Pull, searches: Iterable[TypeSearch]) -> list[SearchPart]:
    return [
        SearchPart(search, slice_, pull.lane(search.type, f"{number:03d}-{place:03d}"))
        for number, search in enumerate(searches)
        for place, slice_ in enumerate(search.slices)
    ]


def server_counts(searches: Iterable[TypeSearch]) -> dict[str, int | None]:
    """Records by type over all searches, as planned; None where the server does not say of one."""
    counts: dict[str, int | None] = {}
    for search in searches:
        before = counts.get(search.type, 0)
        counts[search.type] = None if before is None or search.count is None else before + search.count
    return counts


def land_parts(pull: Pull, client: FhirClient, parts: Sequence[SearchPart]) -> None:
    """Land all slices side by side, the longest first; those that take what changed meanwhile come last.

    Raises:
        SourceError: a slice failed for longer than it is tried.
    """
    pull.progress.advance(sum(part.lane.landed for part in parts))
    parts = sorted(parts, key=lambda part: -(part.slice.count or 0))
    for late in (False, True):
        pull.side_by_side(partial(_land, pull, client, part) for part in parts if part.slice.is_late == late)


def check_counts(pull: Pull, client: FhirClient, parts: Sequence[SearchPart]) -> None:
    """Hold the number of different records against the server's counts, by type.

    Raises:
        GateError: `check_count`'s.
    """
    for type_ in sorted({part.search.type for part in parts}):
        mine = [part for part in parts if part.search.type == type_]
        searches = list(dict.fromkeys(part.search for part in mine))
        expected = server_counts(searches)[type_]
        if expected is not None:
            came = sum(_came([part for part in mine if part.search == search]) for search in searches)
            check_count(pull, client, searches, expected, came)


def check_count(pull: Pull, client: FhirClient, searches: Sequence[TypeSearch], expected: int, came: int) -> None:
    """Hold the number of records of one type that came against what the server said at the start.

    Where they differ the server is asked again, since others may have written meanwhile: what came must lie between its
    two answers.

    Raises:
        GateError: it is further off than `config.count_tolerance` allows.
    """
    if came == expected:
        return
    again = [Counter(client).count(search, Slice()) for search in searches]
    now = expected if None in again else sum(count or 0 for count in again)
    fewest, most = min(expected, now), max(expected, now)
    if max(fewest - came, came - most) > pull.config.count_tolerance * most:
        raise GateError(
            f"source {pull.source.name}: the server says that there are {expected} {searches[0].type}, {came} came. "
            "Pull again; if it goes on, what it sends or its count is wrong, which count_tolerance can allow for."
        )


def _came(parts: Sequence[SearchPart]) -> int:
    """How many different records the parts of one search are.

    Only what was updated during the pull is in two of them: then the lines are read again, and their ids compared.
    """
    if not any(part.slice.is_late and part.lane.landed for part in parts):
        return sum(part.lane.at.tally.distinct for part in parts)
    distinct = Distinct()
    for part in parts:
        distinct.add_lines(part.lane.lines())
    return distinct.count()


def _land(pull: Pull, client: FhirClient, part: SearchPart) -> None:
    """Land one slice; where its search was lost on the server, from its beginning."""
    for begun in itertools.count(1):
        if part.lane.done or pull.stop.is_asked():
            return
        try:
            _land_pages(pull, client, part)
            return
        except _LostError as lost:
            _check_begins(pull, client, part, lost, begun)
            part.lane.reset()


def _check_begins(pull: Pull, client: FhirClient, part: SearchPart, lost: _LostError, begun: int) -> None:
    """Raise SourceError where a slice was begun as often as it may be."""
    if not lost.is_forgotten and begun >= min(_TRIES_WHERE_STUCK, pull.config.tries):
        raise lost.error from None
    if begun >= pull.config.tries:
        raise SourceError(
            f"{client.name}: search of {part.search.type}: the server forgot the search between two pages, "
            f"{pull.config.tries} times. Pull in more slices, or in larger pages.",
            kind="search-expired",
            status=410,
        )


def _land_pages(pull: Pull, client: FhirClient, part: SearchPart) -> None:
    lane, distinct, seen = part.lane, Distinct(), set[str]()
    distinct.add_lines(lane.lines())
    known = distinct.count()
    link = kept = str(lane.at.position.get("next", "")) or None

    def land_page(response: FhirResponse) -> _Landed:
        """All within the answer's turn, so that no more than two large pages are held at a time."""
        bundle = read_json(response, decode_bundle)
        if link is None:
            check_self_link(client, part.search, part.slice, bundle.linked("self"))
        lane.at.tally.entries += len(bundle.entry or ())
        page = take(bundle, lane.at.tally, distinct, pretty=b"\n" in response.body)
        if page.records:
            lane.append(page.lines, page.records)
        return _Landed(page.records, bundle.linked("next"), response.url)

    while not pull.stop.is_asked():
        landed = _exchange(client, part, link, pull.config.page_size, land_page, is_kept=link == kept)
        pull.progress.advance(landed.records)
        if landed.following is None:
            _check_entries(client, part)
            lane.at.tally.distinct = distinct.count()
            lane.finish()
            return
        link = client.follow(landed.following, landed.url, f"search of {part.search.type}")
        if link in seen:
            raise SourceError(
                f"{client.name}: search of {part.search.type}: its next links go in a circle, so it has no end.",
                kind="next-link-loop",
            )
        seen.add(link)
        if len(seen) % pull.config.idle_pages == 0:
            before, known = known, distinct.count()
            _check_news(client, part, pull.config.idle_pages, known - before)
        lane.checkpoint(next=link)


def _check_news(client: FhirClient, part: SearchPart, pages: int, news: int) -> None:
    """Raise SourceError where that many pages brought no new record, since the next ones will not either."""
    if not news:
        raise SourceError(
            f"{client.name}: search of {part.search.type}: {pages} pages in a row brought no new record (idle_pages), "
            "and there is always another one.",
            kind="endless-pages",
        )


def _check_entries(client: FhirClient, part: SearchPart) -> None:
    """Raise GateError where what became of a slice's entries does not add up to those that came."""
    tally = part.lane.at.tally
    became = part.lane.landed + sum(tally.included.values()) + tally.outcomes + tally.empty
    if tally.entries != became:
        raise GateError(
            f"{client.name}: search of {part.search.type}: {tally.entries} entries came, and {became} are accounted "
            "for. Pull again."
        )


def _exchange(
    client: FhirClient,
    part: SearchPart,
    link: str | None,
    page_size: int,
    read: Callable[[FhirResponse], T],
    *,
    is_kept: bool,
) -> T:
    """What `read` makes of a page: that of `link`, else the first.

    is_kept: whether the link is an earlier process's. The server may have been changed or restarted since, and refuse
    it in any way: the search is lost then, as it is where a link of this process is gone or is not answered.
    """
    search = part.search
    if link is None:
        asked = [*filters(search, part.slice), ("_count", str(page_size))]
        return client.exchange(request_of(client, search, asked), read)
    try:
        return client.exchange(Request(f"search of {search.type}", link, spare=True), read)
    except SourceError as error:
        if error.status in _GONE or (is_kept and _is_refusal(error)):
            raise _LostError(error, is_forgotten=True) from error
        if error.kind == "timeout" or error.status in _STUCK:
            raise _LostError(error, is_forgotten=False) from error
        raise


def _is_refusal(error: SourceError) -> bool:
    """Whether a server answered, for good, and not for want of a right."""
    return error.status is not None and not error.retryable and error.status not in (401, 403)
