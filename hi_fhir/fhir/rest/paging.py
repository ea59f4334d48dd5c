"""Opaque tokens of pages, for a server that finds a page anew by the place at which it begins.

A token is of one search of one reader: to any other it is not known. What it says is held against what such a search
can say, and whoever makes one up is given what a search may find and nothing else, so that it is not signed.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from hi_fhir.fhir.rest.bundles import link
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import Pair, ParsedSearch

PAGE = "_page"
_LONGEST = 2_000
_DIGEST = 16


def split_page(pairs: Sequence[Pair]) -> tuple[list[Pair], str | None]:
    """The pairs of a search without its page token, and that; None without one."""
    tokens = [text for name, text in pairs if name == PAGE]
    rest = [pair for pair in pairs if pair[0] != PAGE]
    return rest, tokens[-1] if tokens else None


def page_links(
    base: str, search: ParsedSearch, token: str | None, reader: str, following: list[Any] | None
) -> dict[str, str]:
    """Self, and next where a page follows. reader: what tells one from another. following: the place of the next."""
    links = {"self": _page_link(base, search, token)}
    if following is not None:
        links["next"] = _page_link(base, search, _token(search, reader, following))
    return links


def place_of(token: str, search: ParsedSearch, reader: str) -> list[Any]:
    """The place that a token stands for.

    Raises:
        FhirError: 400, it is none of this search and reader.
    """
    try:
        if len(token) > _LONGEST:
            raise ValueError("too long")
        place: list[Any]
        digest, *place = orjson.loads(urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
    except (ValueError, TypeError) as error:
        raise not_known() from error
    if digest != _digest(search, reader):
        raise not_known()
    return place


def not_known() -> FhirError:
    return FhirError(400, "the page is not known. Follow a next link as it is, or search anew.", code="value")


def _page_link(base: str, search: ParsedSearch, token: str | None) -> str:
    return link(base, search.type, [*search.pairs, *([(PAGE, token)] if token else [])])


def _token(search: ParsedSearch, reader: str, place: list[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps([_digest(search, reader), *place])).decode().rstrip("=")


def _digest(search: ParsedSearch, reader: str) -> str:
    """Of all that a search says but for the size of its pages, which may change from one to the next."""
    pairs = [pair for pair in search.pairs if pair[0] != "_count"]
    return hashlib.sha256(orjson.dumps([search.type, pairs, reader])).hexdigest()[:_DIGEST]
