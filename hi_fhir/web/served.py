"""The resource types that the service has, each with its search parameters and where the store keeps it."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from hi_fhir.core.gzipped import Part, Rest
from hi_fhir.fhir.rest.bundles import Entry
from hi_fhir.fhir.rest.declarations import PARAMETERS, SearchParameter
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.searches import measure_criteria, organisation_criteria, report_criteria
from hi_fhir.store import search as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.versions import AskedVersions, measure_versions, organisation_versions, report_versions


@dataclass(frozen=True)
class Served:
    """`find` takes offset and limit; `read` gives the latest version of an id, `versions` those that are asked for,
    the newest first. All give what the reader may have.
    """

    parameters: tuple[SearchParameter, ...]
    find: Callable[[Connection, Reader, ParsedSearch, int, int], store.SearchPage]
    read: Callable[[Connection, Reader, str], store.StoredVersion | None]
    versions: Callable[[Connection, Reader, str, AskedVersions], list[store.StoredVersion]]


def _parameters(type_: str, *names: str) -> tuple[SearchParameter, ...]:
    return tuple(parameter for parameter in PARAMETERS[type_] if parameter.name in names)


def _find_reports(
    connection: Connection, reader: Reader, search: ParsedSearch, offset: int, limit: int
) -> store.SearchPage:
    return store.search_reports(connection, reader, report_criteria(search), offset=offset, limit=limit)


def _find_measures(
    connection: Connection, reader: Reader, search: ParsedSearch, offset: int, limit: int
) -> store.SearchPage:
    return store.search_measures(connection, reader, measure_criteria(search), offset=offset, limit=limit)


def _find_organisations(
    connection: Connection, reader: Reader, search: ParsedSearch, offset: int, limit: int
) -> store.SearchPage:
    return store.search_organisations(connection, reader, organisation_criteria(search), offset=offset, limit=limit)


SERVED = {
    "Measure": Served(
        _parameters("Measure", "_id", "url", "version", "status"),
        _find_measures,
        store.read_measure,
        measure_versions,
    ),
    "MeasureReport": Served(
        _parameters("MeasureReport", "_id", "identifier", "measure", "period", "date", "reporter", "status"),
        _find_reports,
        store.read_report,
        report_versions,
    ),
    "Organization": Served(
        _parameters("Organization", "_id", "identifier"),
        _find_organisations,
        store.read_organisation,
        organisation_versions,
    ),
}


@dataclass(frozen=True, slots=True)
class VersionEntry(Entry):
    """A stored version as it goes out: `meta`, which is what the version has beyond its content, stands before that.

    body: the content as it is kept.
    """

    meta: bytes

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.meta[:-1] + b",", Rest(self.body))


def as_entry(type_: str, stored: store.StoredVersion) -> VersionEntry:
    updated = stored.recorded_at.isoformat(timespec="milliseconds")
    meta = orjson.dumps({"meta": {"versionId": str(stored.version), "lastUpdated": updated}})
    return VersionEntry(type_, stored.id, stored.file, meta)
