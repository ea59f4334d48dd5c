"""Our extensions and code systems as the service has them: few, the same for everybody, and in no store."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection

from hi_fhir.core.files import canonical_json, content_name
from hi_fhir.core.gzipped import gzipped
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.searches import measure_criteria
from hi_fhir.store.criteria import MeasureCriteria, Reader
from hi_fhir.store.search import SearchPage, StoredVersion
from hi_fhir.web.served import Served

Json = dict[str, Any]

_SHA256 = 64


def served_definitions(resources: Sequence[Json], since: date) -> dict[str, Served]:
    """Type to how it is served. since: the day that the service was started, which stands as their last change."""
    types = sorted({resource["resourceType"] for resource in resources})
    return {type_: _served(type_, [one for one in resources if one["resourceType"] == type_], since) for type_ in types}


def _served(type_: str, resources: Sequence[Json], since: date) -> Served:
    own = {one["id"]: _stored(one, since) for one in sorted(resources, key=lambda resource: str(resource["id"]))}

    def find(_connection: Connection, _reader: Reader, search: ParsedSearch, offset: int, limit: int) -> SearchPage:
        asked = measure_criteria(search)
        found = [own[one["id"]] for one in resources if _is_asked_for(one, asked)]
        found.sort(key=lambda one: one.id)
        return SearchPage(len(found), found[offset : offset + limit])

    def read(_connection: Connection, _reader: Reader, id_: str) -> StoredVersion | None:
        return own.get(id_)

    parameters = tuple(one for one in PARAMETERS[type_] if one.name in ("_id", "url", "version", "status"))
    return Served(parameters, find, read)


def _is_asked_for(resource: Json, asked: MeasureCriteria) -> bool:
    """Whether each criterion is met by one of its alternatives."""
    named = (("id", asked.ids), ("version", asked.versions), ("status", asked.statuses))
    plain = all(resource[name] in alternatives for name, criteria in named for alternatives in criteria)
    return plain and all(
        any(resource["url"] == one.url and one.version in (None, resource["version"]) for one in alternatives)
        for alternatives in asked.urls
    )


def _stored(resource: Json, since: date) -> StoredVersion:
    return StoredVersion(
        id=resource["id"],
        version=1,
        recorded_at=datetime.combine(since, time(), UTC),
        file=gzipped(canonical_json(resource)),
        sha256=content_name(resource, _SHA256),
        audience="public",
        organisation=None,
    )
