"""Searchset Bundles with absolute links, from resources that are JSON bytes already and need no second reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from hi_fhir.fhir.rest.search import Pair


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource on its way out: `body` is its JSON."""

    type: str
    id: str
    body: bytes


def searchset(base: str, entries: Iterable[Entry], *, links: Mapping[str, str], total: int | None = None) -> bytes:
    """A page of a search. `base`: the server's FHIR base, for full URLs. `links`: relation to absolute URL."""
    head = {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if total is None else {"total": total}),
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    found = b",".join(_entry(base, entry) for entry in entries)
    if not found:
        return orjson.dumps(head)
    return orjson.dumps(head)[:-1] + b',"entry":[' + found + b"]}"


def link(base: str, path: str, pairs: Iterable[Pair]) -> str:
    """An absolute URL under the base; `path` may be empty."""
    query = urlencode(list(pairs))
    return "/".join(filter(None, (base, path))) + (f"?{query}" if query else "")


def _entry(base: str, entry: Entry) -> bytes:
    full_url = orjson.dumps(f"{base}/{entry.type}/{entry.id}")
    return b'{"fullUrl":' + full_url + b',"resource":' + entry.body + b',"search":{"mode":"match"}}'
