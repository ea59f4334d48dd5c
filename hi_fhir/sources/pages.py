"""A page of a search: its entries as raw lines, what came along with them, and where the next page is."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
import numpy as np

from hi_fhir.sources.chunks import Tally
from hi_fhir.tables.views.registry import RESOURCE_TYPES

Parameter = tuple[str, str]

_OUTCOME = "OperationOutcome"


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
    resource_type: str
    id: str = ""


class Page(NamedTuple):
    """What is to be landed: `records` lines."""

    lines: bytes
    records: int


_decode = msgspec.json.Decoder(Bundle).decode
_header = msgspec.json.Decoder(_Header).decode
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

    def add(self, id_: str, line: bytes | msgspec.Raw) -> None:
        self._hashes.append(hash(id_ or bytes(line)))

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Those that were landed before."""
        for line in lines:
            header = _header_of(line)
            self.add(header.id if header else "", line)

    def count(self) -> int:
        return int(np.unique(np.frombuffer(self._hashes, dtype=np.int64)).size)


def take(bundle: Bundle, tally: Tally, distinct: Distinct) -> Page:
    """The matches as lines, newlines within one made spaces; all else that the entries hold is counted in `tally`."""
    lines = []
    for entry in bundle.entry or ():
        if entry is None or entry.resource in (b"", b"null"):
            tally.empty += 1
            continue
        header = _header_of(entry.resource)
        mode = entry.search.mode if entry.search else ""
        if mode == "outcome" or (header and header.resource_type == _OUTCOME):
            tally.outcomes += 1
        elif mode == "include":
            type_ = header.resource_type if header and header.resource_type in RESOURCE_TYPES else "Resource"
            tally.included[type_] = tally.included.get(type_, 0) + 1
        else:
            line = bytes(entry.resource)
            lines.append(line.replace(b"\n", b" ") if b"\n" in line else line)
            distinct.add(header.id if header else "", line)
    return Page(b"".join(line + b"\n" for line in lines), len(lines))


def dropped_parameter(sent: Sequence[Parameter], self_link: str | None, *, posted: bool) -> str | None:
    """The name of a filter that the server's self link shows it passed over; None where all are there.

    A self link without any query tells nothing of a search that was posted: some servers leave the form out of it.
    """
    query = urlsplit(self_link or "").query
    if self_link is None or (posted and not query):
        return None
    understood = Counter(name.partition(":")[0] for name, _ in parse_qsl(query, keep_blank_values=True))
    asked = Counter(name for name, _ in sent)
    return next((name for name, times in asked.items() if understood[name] < times), None)


def _header_of(resource: bytes | msgspec.Raw) -> _Header | None:
    try:
        return _header(resource)
    except _UNREADABLE:
        return None
