"""Search results behind opaque next links, as a server keeps them: for a while, then 410."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import orjson

from hi_fhir.fhir.rest.bundles import link
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.sandbox.memory import Memory, Stored

KEPT_SEARCHES = 100


@dataclass(frozen=True)
class SearchHits:
    """The hits of one search. `token`: the name by which its pages are asked for."""

    token: str
    hits: Sequence[Stored]


class Searches:
    """The latest searches and their hits, so that pages of one search are all of one moment.

    The token is made from the search and the revision of the data: the same search of the same data is worked out once.
    """

    def __init__(self, memory: Memory, kept: int = KEPT_SEARCHES) -> None:
        self._memory = memory
        self._kept = kept
        self._lock = Lock()
        self._found: OrderedDict[str, SearchHits] = OrderedDict()

    def run(self, search: ParsedSearch) -> SearchHits:
        asked = [self._memory.revision, search.type, search.pairs]
        token = hashlib.sha256(orjson.dumps(asked)).hexdigest()[:32]
        try:
            return self.recall(token)
        except FhirError:
            found = SearchHits(token, self._memory.find(search))
        with self._lock:
            self._found[token] = found
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
        return found

    def recall(self, token: str) -> SearchHits:
        """The hits of an earlier search.

        Raises:
            FhirError: 410, it has expired.
        """
        with self._lock:
            if token not in self._found:
                raise FhirError(410, "this search does not exist and may have expired. Search again.", code="expired")
            self._found.move_to_end(token)
            return self._found[token]

    def expire(self, token: str) -> None:
        with self._lock:
            self._found.pop(token, None)


def page_link(base: str, token: str, offset: int, count: int) -> str:
    """An absolute link to hits from `offset`; clients follow it as it is."""
    page = {"_getpages": token, "_getpagesoffset": str(offset), "_count": str(count), "_bundletype": "searchset"}
    return link(base, "", page.items())


def page_links(base: str, own: str, found: SearchHits, offset: int, count: int) -> dict[str, str]:
    """Self, and next while hits are left."""
    following = offset + count
    if following >= len(found.hits):
        return {"self": own}
    return {"self": own, "next": page_link(base, found.token, following, count)}
