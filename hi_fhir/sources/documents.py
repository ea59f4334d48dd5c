"""JSON documents as records: a Bundle of any type, an array of resources, or one resource, however it is laid out.

A Bundle's references hold within it alone, by the addresses of its entries; a line of NDJSON has no Bundle. So an entry
without an id takes that of its address, and references to an address that is not the entry's id are rewritten.

Source: FHIR R4, Bundle (resolving references in Bundles; history) and RESTful API (transaction, PUT, POST, DELETE).
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from hi_fhir.fhir.references import LITERAL
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.sources.pages import is_nothing
from hi_fhir.tables.references import URN
from hi_fhir.tables.tombstones import DELETED_FOLDER

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MOST_NESTED = 8
_REFERENCE = re.compile(rb'("reference"\s*:\s*")((?:[^"\\]|\\.)*)"')
_ETAG = re.compile(r'(?:W/)?"([^"]+)"')
_BREAKS = bytes.maketrans(b"\n\r", b"  ")


class NotRecordsError(Exception):
    """A document is JSON, or not even that, and holds no resource."""


class DocumentRecord(NamedTuple):
    """One resource as a line, without its newline. type: as it says; "" where it says none."""

    type: str
    line: bytes


class Document(NamedTuple):
    """What a document holds.

    records: resources, and deletions under DELETED_FOLDER. messages: OperationOutcomes. empty: entries that hold
    nothing. bases: the servers that its entries' addresses name.
    """

    records: Iterable[DocumentRecord]
    messages: int
    empty: int
    bases: frozenset[str]


class _Header(msgspec.Struct, rename="camel", gc=False):
    resource_type: Any = None
    id: Any = None


class _Entry(msgspec.Struct, rename="camel", gc=False):
    resource: msgspec.Raw = msgspec.Raw()
    full_url: Any = None
    request: Any = None
    response: Any = None


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    type: Any = None
    timestamp: Any = None
    meta: Any = None
    entry: list[_Entry | None] | None = None


class _Placed(NamedTuple):
    """An entry's resource with what its Bundle says of it. target: what references to its address are to be."""

    header: _Header
    resource: msgspec.Raw
    id: str | None
    address: str
    target: str | None


_header = msgspec.json.Decoder(_Header).decode
_bundle = msgspec.json.Decoder(_Bundle).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_document(content: bytes) -> Document:
    """What a whole document holds.

    Raises:
        NotRecordsError: it is not JSON, or nothing in it says that it is a resource.
    """
    content = content.removeprefix(BOM_UTF8).strip()
    found = _Found()
    try:
        if content.startswith(b"["):
            elements = _array(content)
            headers = [_header(element) for element in elements]
            if elements and not any(isinstance(header.resource_type, str) for header in headers):
                raise NotRecordsError
            for header, element in zip(headers, elements, strict=True):
                found.add(header, element, depth=1)
        else:
            header = _header(content)
            if not isinstance(header.resource_type, str):
                raise NotRecordsError
            found.add(header, content, depth=0)
    except _UNREADABLE as error:
        raise NotRecordsError from error
    return Document(found.records, found.messages, found.empty, frozenset(found.bases))


class _Found:
    """What was found so far."""

    def __init__(self) -> None:
        self.records: list[DocumentRecord] = []
        self.messages = 0
        self.empty = 0
        self.bases: set[str] = set()

    def add(self, header: _Header, resource: bytes | msgspec.Raw, depth: int) -> None:
        """Take in one resource, and what it holds if it is a Bundle.

        Raises:
            msgspec.DecodeError: it is a Bundle that cannot be read as one.
        """
        if header.resource_type == "Bundle" and depth < _MOST_NESTED:
            self._add_bundle(_bundle(resource), depth)
        elif header.resource_type == OUTCOMES:
            self.messages += 1
        else:
            type_ = header.resource_type if isinstance(header.resource_type, str) else ""
            self.records.append(DocumentRecord(type_, as_line(resource)))

    def _add_bundle(self, bundle: _Bundle, depth: int) -> None:
        placed = []
        for entry in bundle.entry or ():
            if entry is None:
                self.empty += 1
            elif _text(entry.request, "method") == "DELETE":
                self.records.append(_deletion(entry, bundle))
            elif is_nothing(entry.resource):
                self.empty += 1
            else:
                placed.append((entry, _placed(entry)))
        self.bases.update(base for _, one in placed if (base := _base(one)))
        targets = {one.address: one.target.encode() for _, one in placed if one.target}
        for entry, one in placed:
            resource = bytes(one.resource)
            if targets:
                resource = _rewritten(resource, targets)
            if one.id and one.header.id is None:
                resource = _with_id(resource, one.id)
            if bundle.type == "history":
                resource = _with_version(resource, entry)
            try:
                self.add(one.header, resource, depth + 1)
            except msgspec.DecodeError:
                self.records.append(DocumentRecord("", as_line(resource)))


def _placed(entry: _Entry) -> _Placed:
    try:
        header = _header(entry.resource)
    except _UNREADABLE:  # no object, which flatten says
        return _Placed(_Header(), entry.resource, None, "", None)
    address = entry.full_url.strip() if isinstance(entry.full_url, str) else ""
    id_ = header.id if isinstance(header.id, str) else _id_by_place(entry, address, header.resource_type)
    target = f"{header.resource_type}/{id_}" if id_ and address and not _is_named(address, header, id_) else None
    return _Placed(header, entry.resource, id_, address.lower() if URN.fullmatch(address) else address, target)


def _id_by_place(entry: _Entry, address: str, type_: object) -> str | None:
    """The id of a resource that states none: that which it is put to, else that of its address."""
    put = LITERAL.fullmatch(_text(entry.request, "url")) if _text(entry.request, "method") == "PUT" else None
    for literal in (put, LITERAL.fullmatch(address)):
        if literal and literal[2] == type_:
            return literal[3]
    urn = URN.fullmatch(address)
    return urn[1] if urn else None


def _is_named(address: str, header: _Header, id_: str) -> bool:
    """Whether a reference to the address leads to the id without the Bundle."""
    urn, literal = URN.fullmatch(address), LITERAL.fullmatch(address)
    return bool((urn and urn[1] == id_) or (literal and literal[2] == header.resource_type and literal[3] == id_))


def _base(one: _Placed) -> str | None:
    """The base of the server whose address of the resource its entry has."""
    literal = LITERAL.fullmatch(one.address)
    return literal[1] if literal and literal[2] == one.header.resource_type and literal[3] == one.id else None


def _rewritten(resource: bytes, targets: Mapping[str, bytes]) -> bytes:
    """The resource with what its references to addresses stand for."""

    def replace(match: re.Match[bytes]) -> bytes:
        text = match[2].replace(b"\\/", b"/").decode(errors="replace")
        target = targets.get(text.lower() if URN.fullmatch(text) else text)
        return match[0] if target is None else match[1] + target + b'"'

    return _REFERENCE.sub(replace, resource)


def _with_id(resource: bytes, id_: str) -> bytes:
    """The resource, which states no id, with this one."""
    if b'"id"' not in resource:
        return resource.replace(b"{", b'{"id":"%b",' % id_.encode(), 1)
    content = orjson.loads(resource)
    return orjson.dumps({**content, "id": id_})


def _with_version(resource: bytes, entry: _Entry) -> bytes:
    """A version out of a history, with when it was made and its number where it does not say itself."""
    made = {"lastUpdated": _text(entry.response, "lastModified"), "versionId": _version(entry)}
    made = {name: value for name, value in made.items() if value}
    if not made:
        return resource
    content = orjson.loads(resource)
    meta = content.get("meta")
    if isinstance(meta, dict) and made.keys() <= meta.keys():
        return resource
    return orjson.dumps({**content, "meta": {**made, **(meta if isinstance(meta, dict) else {})}})


def _version(entry: _Entry) -> str:
    etag = _ETAG.fullmatch(_text(entry.response, "etag"))
    return etag[1] if etag else ""


def _deletion(entry: _Entry, bundle: _Bundle) -> DocumentRecord:
    """A DELETE as a bulk export states one, at the instant of its history or Bundle."""
    at = _text(entry.response, "lastModified") or bundle.timestamp or _text(bundle.meta, "lastUpdated") or None
    request = {"method": "DELETE", "url": _text(entry.request, "url")}
    content = {"resourceType": "Bundle", "type": "transaction", "timestamp": at, "entry": [{"request": request}]}
    return DocumentRecord(DELETED_FOLDER, orjson.dumps(content))


def _text(part: object, name: str) -> str:
    """A text field of an object that may be anything."""
    value = part.get(name) if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def as_line(resource: bytes | msgspec.Raw) -> bytes:
    """Between the tokens of JSON a newline is a space."""
    return bytes(resource).translate(_BREAKS)
