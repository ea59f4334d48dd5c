"""Our definitions, code lists and maps as the service has them: few, the same for everybody, and in no store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hi_fhir.core.files import canonical_json, content_name
from hi_fhir.core.gzipped import gzipped
from hi_fhir.fhir.rest.declarations import IDENTIFIER, PARAMETERS
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.store.criteria import Reader
from hi_fhir.store.pages import AskedPage, PagePlace
from hi_fhir.store.search import SearchPage, StoredVersion
from hi_fhir.store.versions import AskedVersions
from hi_fhir.web.served import Served

Json = dict[str, Any]

_SHA256 = 64
_NOT_SAID = (IDENTIFIER,)


class _Own(NamedTuple):
    """resource: what a search is held against."""

    resource: Json
    stored: StoredVersion


def served_definitions(resources: Sequence[Json], since: date) -> dict[str, Served]:
    """Type to how it is served. since: the day that the service was started, which stands as their last change."""
    at = datetime.combine(since, time(), UTC)
    by_type: dict[str, dict[str, _Own]] = {}
    for one in sorted(resources, key=lambda resource: str(resource["id"])):
        by_type.setdefault(one["resourceType"], {})[one["id"]] = _Own(
            {**one, "meta": {"lastUpdated": at.isoformat(timespec="milliseconds")}}, _stored(one, at)
        )
    return {type_: _served(type_, own) for type_, own in sorted(by_type.items())}


def _served(type_: str, own: Mapping[str, _Own]) -> Served:
    """own: by id, in order of id."""

    def find(_connection: Connection, _reader: Reader, search: ParsedSearch, page: AskedPage) -> SearchPage:
        found = [one.stored for one in own.values() if search.matches(one.resource)]
        [(_, descending)] = page.order
        found.sort(key=lambda one: one.id, reverse=descending)
        if page.after:
            [last] = page.after.values
            later = [one for one in found if (one.id < last if descending else one.id > last)]
        else:
            later = found
        is_last = len(later) <= page.limit or not page.limit
        following = None if is_last else PagePlace((later[page.limit - 1].id,), None)
        return SearchPage(len(found) if page.with_total else None, later[: page.limit], following)

    def read(_connection: Connection, _reader: Reader, id_: str) -> StoredVersion | None:
        return own[id_].stored if id_ in own else None

    def versions(_connection: Connection, _reader: Reader, id_: str, asked: AskedVersions) -> list[StoredVersion]:
        one = own[id_].stored if id_ in own else None
        if one is None or one.version > asked.last or (asked.since and one.recorded_at < asked.since):
            return []
        return [one]

    parameters = tuple(one for one in PARAMETERS[type_] if one not in _NOT_SAID)
    return Served(parameters, find, read, versions)


def _stored(resource: Json, at: datetime) -> StoredVersion:
    return StoredVersion(
        id=resource["id"],
        version=1,
        recorded_at=at,
        file=gzipped(canonical_json(resource)),
        sha256=content_name(resource, _SHA256),
        audience="public",
        organisation=None,
    )
