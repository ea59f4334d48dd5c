"""Versions of a resource: one of them (`_history/N`), and all that the reader may have. Source: FHIR R4 http.html."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from flask import Blueprint, Response, request

from hi_fhir.core.gzipped import Part
from hi_fhir.fhir.rest.bundles import link
from hi_fhir.fhir.rest.headers import etag
from hi_fhir.fhir.rest.intervals import read_interval
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store.search import LAST, StoredVersion
from hi_fhir.store.session import Store
from hi_fhir.store.versions import AskedVersions
from hi_fhir.web.readers import ReaderOf
from hi_fhir.web.responses import base_url, fhir_response, version_response
from hi_fhir.web.search_api import served_type
from hi_fhir.web.served import Served, as_entry

_PAGE = 20
_DIGITS = 9
_BEFORE = "_before"
"""Of a next link: the version that comes after those of the page."""
_KNOWN = ("_count", "_since", "_format", "_pretty", _BEFORE)


class VersionViews:
    def __init__(self, store: Store, reader_of: ReaderOf, served: Mapping[str, Served]) -> None:
        self._store = store
        self._reader_of = reader_of
        self._served = served

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        blueprint.add_url_rule("/<type:type_>/<id_>/_history", "history", self.history)
        blueprint.add_url_rule("/<type:type_>/<id_>/_history/<version>", "vread", self.vread)

    def vread(self, type_: str, id_: str, version: str) -> Response:
        number = _number(version)
        found = self._find(type_, id_, AskedVersions(last=number, limit=1)) if number is not None else []
        if not found or found[0].version != number:
            raise FhirError(404, f"there is no such version of a {type_}.")
        return version_response(type_, found[0])

    def history(self, type_: str, id_: str) -> Response:
        asked = _asked()
        found = self._find(type_, id_, asked._replace(limit=asked.limit + 1))
        if not found and not self._find(type_, id_, AskedVersions(limit=1)):
            raise FhirError(404, f"there is no such {type_}.")
        page, rest = found[: asked.limit], found[asked.limit :]
        links = {"self": asked}
        if rest:
            links["next"] = asked._replace(last=rest[0].version)
        to_url = partial(_page_url, f"{type_}/{id_}/_history")
        return fhir_response(_history_parts(type_, page, {name: to_url(one) for name, one in links.items()}))

    def _find(self, type_: str, id_: str, asked: AskedVersions) -> list[StoredVersion]:
        reader = self._reader_of(request)
        served = served_type(self._served, type_)
        with self._store.connect() as connection:
            return served.versions(connection, reader, id_, asked)


def _number(text: str) -> int | None:
    """A version as we write it; None: none of ours is written so."""
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS or text.startswith("0"):
        return None
    return int(text)


def _asked() -> AskedVersions:
    given = dict(request.args.items())
    if any(name not in _KNOWN for name in given):
        raise FhirError(400, "history takes _count and _since alone.", code="not-supported")
    count, last = (_number(given[name]) if name in given else default for name, default in _NUMBERS)
    if count is None or last is None:
        raise FhirError(400, "_count is a whole number above 0. Follow a next link as it is.", code="value")
    return AskedVersions(last, min(count, _PAGE), _since(given["_since"]) if "_since" in given else None)


_NUMBERS = (("_count", _PAGE), (_BEFORE, LAST))


def _since(text: str) -> datetime:
    try:
        return read_interval(text.replace(" ", "+")).low  # a plus of a zone that was not escaped
    except (ValueError, OverflowError) as error:
        raise FhirError(400, "_since is an instant.", code="value") from error


def _page_url(path: str, asked: AskedVersions) -> str:
    since = [("_since", asked.since.isoformat())] if asked.since else []
    before = [(_BEFORE, str(asked.last))] if asked.last != LAST else []
    return link(base_url(), path, [("_count", str(asked.limit)), *since, *before])


def _history_parts(type_: str, versions: Sequence[StoredVersion], links: Mapping[str, str]) -> list[Part]:
    """A Bundle of type history: each entry says what the version came from."""
    head: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "history",
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    parts: list[Part] = []
    for one in versions:
        full_url = orjson.dumps(f"{base_url()}/{type_}/{one.id}")
        parts += (b',{"fullUrl":', full_url, b',"resource":', *as_entry(type_, one).parts, b",", _came_by(type_, one))
    if not parts:
        return [orjson.dumps(head)]
    parts[0] = b'{"fullUrl":'
    return [orjson.dumps(head)[:-1], b',"entry":[', *parts, b"]}"]


def _came_by(type_: str, one: StoredVersion) -> bytes:
    """The rest of an entry: nobody sent it over HTTP, so it is told as if it had been put there."""
    response = {
        "status": "201" if one.version == 1 else "200",
        "etag": etag(one.version),
        "lastModified": one.recorded_at.isoformat(timespec="milliseconds"),
    }
    return orjson.dumps({"request": {"method": "PUT", "url": f"{type_}/{one.id}"}, "response": response})[1:]
