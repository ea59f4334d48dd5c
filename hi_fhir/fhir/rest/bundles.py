"""Searchset Bundles with absolute links, from resources that are JSON bytes already and need no second reading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson

from hi_fhir.core.gzipped import Part, joined
from hi_fhir.fhir.rest.search import Pair


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource on its way out: `body` is its JSON. `mode`: why it is there: match or include."""

    type: str
    id: str
    body: bytes
    mode: str = field(default="match", kw_only=True)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The JSON in pieces: those of all the entries are joined once."""
        return (self.body,)


_MODES = {mode: b',"search":{"mode":"%s"}}' % mode.encode() for mode in ("match", "include")}


def searchset(base: str, entries: Iterable[Entry], *, links: Mapping[str, str], total: int | None = None) -> bytes:
    """A page of a search. `base`: the server's FHIR base, for full URLs. `links`: relation to absolute URL."""
    return joined(searchset_parts(base, entries, links=links, total=total))


def searchset_parts(
    base: str, entries: Iterable[Entry], *, links: Mapping[str, str], total: int | None = None
) -> list[Part]:
    """The same in pieces."""
    head = {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if total is None else {"total": total}),
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    parts: list[Part] = []
    for entry in entries:
        full_url = orjson.dumps(f"{base}/{entry.type}/{entry.id}")
        parts += (b',{"fullUrl":', full_url, b',"resource":', *entry.parts, _MODES[entry.mode])
    if not parts:
        return [orjson.dumps(head)]
    parts[0] = b'{"fullUrl":'
    return [orjson.dumps(head)[:-1], b',"entry":[', *parts, b"]}"]


def link(base: str, path: str, pairs: Iterable[Pair]) -> str:
    """An absolute URL under the base; `path` may be empty."""
    query = urlencode(list(pairs))
    return "/".join(filter(None, (base, path))) + (f"?{query}" if query else "")
