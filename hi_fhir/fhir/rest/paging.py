"""Opaque tokens of pages, for a server that finds a page anew by how many resources come before it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from hi_fhir.fhir.rest.bundles import link
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import Pair, ParsedSearch

PAGE = "_page"
_MARK = b"offset"
_DIGITS = 9


def split_page(pairs: Sequence[Pair]) -> tuple[list[Pair], int]:
    """The pairs of a search without its page token, and the offset that the token stands for (0 without one).

    Raises:
        FhirError: 400, the token is not one of ours.
    """
    tokens = [text for name, text in pairs if name == PAGE]
    rest = [pair for pair in pairs if pair[0] != PAGE]
    return rest, _read(tokens[-1]) if tokens else 0


def page_links(base: str, search: ParsedSearch, offset: int, total: int) -> dict[str, str]:
    """Self, and next while resources are left."""
    links = {"self": _page_link(base, search, offset)}
    following = offset + search.count
    if following < total and not search.count_only:
        links["next"] = _page_link(base, search, following)
    return links


def _page_link(base: str, search: ParsedSearch, offset: int) -> str:
    page = [(PAGE, _token(offset))] if offset else []
    return link(base, search.type, [*search.pairs, *page])


def _token(offset: int) -> str:
    return urlsafe_b64encode(_MARK + b":" + str(offset).encode()).decode().rstrip("=")


def _read(token: str) -> int:
    try:
        mark, _, offset = urlsafe_b64decode(token + "=" * (-len(token) % 4)).partition(b":")
    except ValueError:
        mark, offset = b"", b""
    if mark != _MARK or not offset.isdigit() or len(offset) > _DIGITS:
        raise FhirError(400, "the page is not known. Follow a next link as it is.")
    return int(offset)
