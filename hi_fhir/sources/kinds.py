"""What a file is, by its place and how it begins."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

import msgspec

from hi_fhir.fhir import bulk_manifest
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.tables.tombstones import DELETED_FOLDER
from hi_fhir.tables.views.registry import RESOURCE_TYPES

UNKNOWN_TYPE = "Resource"
"""Where nothing tells what a file holds; flatten looks at each line."""

RECORDS, DOCUMENT, DOCUMENTS, UNREADABLE = "records", "document", "documents", "unreadable"
"""Kinds that are read: lines of one type (deletions and messages too), one document, one a line, and none of these."""

LOG, MANIFEST, EMPTY, OTHER = "log", "manifest", "empty", "other"
"""Kinds that hold no records."""

_ENDINGS = re.compile(r"\.(?:nd)?json(?:l|\.gz)?$|\.jsonl\.gz$", re.IGNORECASE)
_ONE_DOCUMENT = re.compile(r"\.json(?:\.gz)?$", re.IGNORECASE)
_LINES = 100  # looked at before a file is held to be no NDJSON
_STATED = re.compile(rb'"entry"\s*:\s*\[|"resourceType"\s*:\s*"(\w+)"')
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Content = Mapping[str, Any]


class FileKind(NamedTuple):
    """What a file is. type: of its lines, "" where each is looked at.

    instant, request: of an export's manifest or log: when its data was taken, and the address that it was asked at.
    manifest: what a manifest says.
    """

    kind: str
    type: str = ""
    instant: str | None = None
    request: str | None = None
    manifest: bulk_manifest.Manifest | None = None


def may_hold_records(name: str) -> bool:
    """Whether a name is one that records come under: NDJSON or JSON, plain or gzip, a zip, or without an ending."""
    return bool(_ENDINGS.search(name)) or is_zip(name) or "." not in name


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def kind_of(place: PurePath, head: bytes, *, is_all: bool) -> FileKind:
    """The kind of the file at `place` within its folder. head: how it begins; is_all: whether that is all of it."""
    text = head.removeprefix(BOM_UTF8).strip()
    if not text:
        return FileKind(EMPTY)
    folders = {part.lower() for part in place.parts[:-1]}
    part = OUTCOMES if "error" in folders else DELETED_FOLDER if "deleted" in folders else ""
    lines = [] if _is_spread(text) else list(_objects(text, is_all=is_all))
    stated = [type_ for one in lines if (type_ := _stated(one))]
    if part:
        return FileKind(RECORDS if lines and lines[0] else DOCUMENT, part)
    if not stated:
        return _without_type(place, text, lines, is_all=is_all)
    if stated[0] == "Bundle" or (stated[0] == OUTCOMES and _ONE_DOCUMENT.search(place.name)):
        return FileKind(DOCUMENTS)
    return FileKind(RECORDS, named_type(place) or (stated[0] if stated[0] in RESOURCE_TYPES else UNKNOWN_TYPE))


def _is_spread(text: bytes) -> bool:
    """Whether one document is spread over lines, or is an array, which is no line of NDJSON."""
    return text.startswith(b"[") or text.partition(b"\n")[0].strip() == b"{"


def _objects(text: bytes, *, is_all: bool) -> Iterator[Content]:
    """The first lines as objects; what is none, or is cut off, as an empty one."""
    lines = text.split(b"\n", _LINES)
    for number, line in enumerate(lines[:_LINES], 1):
        is_cut = number == len(lines) and not is_all
        if is_cut and number == 1:
            yield _guessed(line)
        elif line.strip() and not is_cut:
            yield _object(line)


def _object(text: bytes) -> Content:
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except _UNREADABLE:
        return {}


def _guessed(beginning: bytes) -> Content:
    """An object that goes on beyond what was read, by its first words."""
    first = _STATED.search(beginning) if beginning.startswith(b"{") else None
    if first is None:
        return {}
    return {"resourceType": msgspec.Raw(b'"%b"' % (first[1] or b"Bundle"))}


def _stated(content: Content) -> str | None:
    """The resource type that an object states."""
    return _text(content, "resourceType")


def _text(content: Content, name: str) -> str | None:
    try:
        return msgspec.json.decode(content[name], type=str) if name in content else None
    except _UNREADABLE:
        return None


def _without_type(place: PurePath, text: bytes, lines: list[Content], *, is_all: bool) -> FileKind:
    """What none of whose first lines is a resource."""
    first = lines[0] if lines else {}
    if {"exportId", "eventId"} <= first.keys():
        return _log(lines)
    whole = first or (_object(text) if is_all else {})
    if "resourceType" not in whole and bulk_manifest.is_manifest(whole) and (manifest := _manifest(whole)):
        return FileKind(MANIFEST, instant=manifest.transaction_time, request=manifest.request, manifest=manifest)
    is_document = text.startswith((b"{", b"[")) and not first
    if is_document and not (is_all and text.startswith(b"{") and _stated(whole) is None):
        return FileKind(DOCUMENT)
    return FileKind(UNREADABLE, named_type(place) or UNKNOWN_TYPE) if "." in place.name else FileKind(OTHER)


def _manifest(content: Content) -> bulk_manifest.Manifest | None:
    """The manifest that an object is; None where a part of it cannot be what it is to be."""
    try:
        return bulk_manifest.manifest_of({name: msgspec.json.decode(value) for name, value in content.items()})
    except ValueError:
        return None


def _log(lines: list[Content]) -> FileKind:
    """The log of an export. Source: the events that smart-on-fhir/bulk-data-client writes (`kickoff` and others)."""
    details = [_object(bytes(line["eventDetail"])) for line in lines if "eventDetail" in line]
    instants = [found for detail in details if (found := _text(detail, "transactionTime"))]
    requests = [found for detail in details if (found := _text(detail, "exportUrl"))]
    return FileKind(LOG, instant=max(instants, default=None), request=next(iter(requests), None))


def named_type(place: PurePath) -> str | None:
    """The type in a file's name: `Patient.000.ndjson`, `1.Patient.ndjson`, `Patient_1.ndjson.gz`."""
    words = re.split(r"[^A-Za-z]+", place.name)
    return next((word for word in words if word in RESOURCE_TYPES), None)
