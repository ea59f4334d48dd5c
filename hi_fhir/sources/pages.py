"""A page of a search: its entries as raw lines, what came along with them, and where the next page is."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec
import numpy as np

from hi_fhir.fhir.rest import spelling
from hi_fhir.sources.chunks import LaneTally
from hi_fhir.tables.views.registry import RESOURCE_TYPES

Parameter = tuple[str, str]
Buffer: TypeAlias = bytes | msgspec.Raw

_OUTCOME = b"OperationOutcome"


class _Link(msgspec.Struct, gc=False):
    relation: str = ""
    url: str = ""


class _Search(msgspec.Struct, gc=False):
    mode: str = ""


class _Entry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw()
    search: _Search | None = None


class Bundle(msgspec.Struct, rename="camel"):
    """A searchset, its resources untouched."""

    resource_type: str
    link: list[_Link] | None = None
    entry: list[_Entry | None] | None = None

    def linked(self, relation: str) -> str | None:
        return next((link.url for link in self.link or () if link.relation == relation and link.url), None)


class _Header(msgspec.Struct, gc=False, rename="camel"):
    resource_type: str = ""
    id: str = ""


class Page(NamedTuple):
    """What is to be landed: `records` lines."""

    lines: bytes
    records: int


_decode = msgspec.json.Decoder(Bundle).decode
_header = msgspec.json.Decoder(_Header).decode
_BEGINNING = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"(\w+)"\s*,\s*"id"\s*:\s*"([A-Za-z0-9.-]+)"')
_KEPT_SEARCHES = frozenset(
    {
        *("getpages", "ct", "continuationtoken", "cursor", "pagecontext", "pagetoken", "page_token"),
        *("queryid", "searchid", "sessionid", "snapshot", "stateid"),
    }
)
"""Parameters of self and next links by which servers know a search again (HAPI: _getpages, Microsoft's: ct), without
leading marks, in small letters. [U] but for these two."""
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_bundle(body: bytes) -> Bundle:
    """The Bundle in `body`.

    Raises:
        msgspec.DecodeError: it is none.
    """
    bundle = _decode(body)
    if bundle.resource_type != "Bundle":
        raise msgspec.ValidationError("not a Bundle")
    return bundle


class Distinct:
    """Counts different resources by hashes of their ids, eight bytes each; one that has no id by that of its bytes."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, id_: bytes, resource: Buffer) -> None:
        self._hashes.append(hash(id_ or bytes(resource)))

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Those that were landed before."""
        for line in lines:
            if line.strip():
                self.add(_identity(line)[1], line)

    def count(self) -> int:
        return int(np.unique(np.frombuffer(self._hashes, dtype=np.int64)).size)


def take(bundle: Bundle, tally: LaneTally, distinct: Distinct, *, pretty: bool) -> Page:
    """The matches as lines; all else that the entries hold is counted in `tally`.

    pretty: whether there are newlines in the page; those within an entry become spaces.
    """
    matches: list[Buffer] = []
    for entry in bundle.entry or ():
        if entry is None or is_nothing(entry.resource):
            tally.empty += 1
            continue
        type_, id_ = _identity(entry.resource)
        mode = entry.search.mode if entry.search else ""
        if mode == "outcome" or type_ == _OUTCOME:
            tally.outcomes += 1
        elif mode == "include":
            name = type_.decode(errors="replace")
            known = name if name in RESOURCE_TYPES else "Resource"
            tally.included[known] = tally.included.get(known, 0) + 1
        else:
            matches.append(entry.resource)
            distinct.add(id_, entry.resource)
    return Page(_as_lines(matches, pretty=pretty), len(matches))


def _as_lines(resources: Sequence[Buffer], *, pretty: bool) -> bytes:
    if pretty:
        resources = [bytes(resource).replace(b"\n", b" ") for resource in resources]
    return b"\n".join([*resources, b""])


def is_nothing(resource: msgspec.Raw) -> bool:
    """Whether an entry's resource is absent or null."""
    return memoryview(resource).nbytes in (0, 4) and bytes(resource) in (b"", b"null")


def dropped_parameter(sent: Sequence[Parameter], self_link: str | None, *, posted: bool) -> str | None:
    """The name of a filter that the server's self link shows it passed over, or took fewer values of; else None.

    A self link without any query tells nothing of a search that was posted: some servers leave the form out of it. Nor
    does one that names none of the filters and, in their place, what the server keeps the search under.
    """
    query = urlsplit(self_link or "").query
    if self_link is None or (posted and not query):
        return None
    understood = _values((name.partition(":")[0], value) for name, value in parse_qsl(query, keep_blank_values=True))
    asked = _values(sent)
    if not understood.keys() & asked.keys() and {name.lower().lstrip("_-") for name in understood} & _KEPT_SEARCHES:
        return None
    return next((name for name, values in asked.items() if understood[name] < values), None)


def _values(parameters: Iterable[Parameter]) -> Counter[str]:
    """How many values each parameter has."""
    values: Counter[str] = Counter()
    for name, value in parameters:
        values[name] += len(spelling.parts(value, ","))
    return values


def _identity(resource: Buffer) -> tuple[bytes, bytes]:
    """The type and id that a resource states, as far as it can be read. Most begin with both, which spares a decode."""
    start = _BEGINNING.match(resource)
    if start:
        return start[1], start[2]
    try:
        header = _header(resource)
    except _UNREADABLE:
        return b"", b""
    return header.resource_type.encode(), header.id.encode()
