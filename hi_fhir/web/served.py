"""The resource types that the service has, each with its search parameters and where the store keeps it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from sqlalchemy import Connection

from hi_fhir.core.gzipped import Part, Rest, joined
from hi_fhir.fhir.rest.bundles import Entry
from hi_fhir.fhir.rest.controls import Inclusion, Offered
from hi_fhir.fhir.rest.declarations import PARAMETERS, SearchParameter
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.fhir.shortening import shortened
from hi_fhir.searches import measure_criteria, organisation_criteria, report_criteria
from hi_fhir.store import search as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.included import measures_of, reporters_of, reports_by, reports_on
from hi_fhir.store.pages import REPORTS_SORTED_BY, AskedPage
from hi_fhir.store.versions import AskedVersions, measure_versions, organisation_versions, report_versions

Follow = Callable[[Connection, Reader, Sequence[store.StoredVersion]], list[store.StoredVersion]]
"""From what was found to what goes along with it."""

_ALONG = 100  # reports at most that go along with others

BY_ID = Offered(("_id",), shortened=True)
REPORTER = Inclusion("MeasureReport", "reporter", "Organization")
MEASURE = Inclusion("MeasureReport", "measure", "Measure")


@dataclass(frozen=True)
class Served:
    """`find` gives a page; `read` gives the latest version of an id, `versions` those that are asked for, the newest
    first. All give what the reader may have.

    offered: of the answers to searches. along: each inclusion that is offered to how it is followed. for_operators:
    whether to all but the operator's clients there is no such type.
    """

    parameters: tuple[SearchParameter, ...]
    find: Callable[[Connection, Reader, ParsedSearch, AskedPage], store.SearchPage]
    read: Callable[[Connection, Reader, str], store.StoredVersion | None]
    versions: Callable[[Connection, Reader, str, AskedVersions], list[store.StoredVersion]]
    offered: Offered = BY_ID
    along: Mapping[Inclusion, Follow] = field(default_factory=dict)
    documentation: str | None = None
    for_operators: bool = False


def _parameters(type_: str, *names: str) -> tuple[SearchParameter, ...]:
    return tuple(parameter for parameter in PARAMETERS[type_] if parameter.name in names)


def _find_reports(connection: Connection, reader: Reader, search: ParsedSearch, page: AskedPage) -> store.SearchPage:
    return store.search_reports(connection, reader, report_criteria(search), page)


def _find_measures(connection: Connection, reader: Reader, search: ParsedSearch, page: AskedPage) -> store.SearchPage:
    return store.search_measures(connection, reader, measure_criteria(search), page)


def _find_organisations(
    connection: Connection, reader: Reader, search: ParsedSearch, page: AskedPage
) -> store.SearchPage:
    return store.search_organisations(connection, reader, organisation_criteria(search), page)


def _few(find: Callable[..., store.SearchPage]) -> Follow:
    """Reports that go along, where they are not too many."""

    def follow(
        connection: Connection, reader: Reader, found: Sequence[store.StoredVersion]
    ) -> list[store.StoredVersion]:
        page = find(connection, reader, found, _ALONG)
        if page.following:
            raise FhirError(
                400, f"over {_ALONG} reports would go along: ask for fewer, or search them.", code="too-costly"
            )
        return page.resources

    return follow


SERVED = {
    "Measure": Served(
        _parameters("Measure", "_id", "_lastUpdated", "url", "version", "status"),
        _find_measures,
        store.read_measure,
        measure_versions,
        Offered(("_id",), shortened=True, reversed=(MEASURE,)),
        {MEASURE: _few(reports_on)},
    ),
    "MeasureReport": Served(
        _parameters(
            "MeasureReport",
            *("_id", "_lastUpdated", "identifier", "measure", "period", "date", "reporter", "status"),
        ),
        _find_reports,
        store.read_report,
        report_versions,
        Offered(tuple(REPORTS_SORTED_BY), shortened=True, included=(REPORTER, MEASURE)),
        {REPORTER: reporters_of, MEASURE: measures_of},
    ),
    "Organization": Served(
        _parameters("Organization", "_id", "_lastUpdated", "identifier"),
        _find_organisations,
        store.read_organisation,
        organisation_versions,
        Offered(("_id",), shortened=True, reversed=(REPORTER,)),
        {REPORTER: _few(reports_by)},
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


class Shape(Protocol):
    """How much of a resource is asked for: as `ParsedSearch` says it."""

    @property
    def elements(self) -> Sequence[str]: ...
    @property
    def summary(self) -> str | None: ...


def entry_of(type_: str, stored: store.StoredVersion, shape: Shape, mode: str = "match") -> Entry:
    """A stored version, or as much of it as was asked for."""
    entry = as_entry(type_, stored, mode)
    if not shape.elements and not shape.summary:
        return entry
    return Entry(type_, stored.id, shortened(joined(entry.parts), shape.elements, shape.summary), mode=mode)


def as_entry(type_: str, stored: store.StoredVersion, mode: str = "match") -> VersionEntry:
    updated = stored.recorded_at.isoformat(timespec="milliseconds")
    meta = orjson.dumps({"meta": {"versionId": str(stored.version), "lastUpdated": updated}})
    return VersionEntry(type_, stored.id, stored.file, meta, mode=mode)
