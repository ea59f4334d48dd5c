"""A parsed FHIR search as the criteria of the store."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import TypeVar

from hi_fhir.core.days import LONDON
from hi_fhir.fhir.rest.intervals import LATEST
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch
from hi_fhir.fhir.rest.values import Canonical, DateTest, ReferenceIdentifier, ReferenceTo, Token, Uri, Value
from hi_fhir.store import criteria as store

T = TypeVar("T")

_SHORTEST = timedelta(milliseconds=1)
_NOBODY = store.ReporterMatch("", None)


def report_criteria(search: ParsedSearch) -> store.ReportCriteria:
    return store.ReportCriteria(
        ids=_asked(search, "_id", _code),
        identifiers=_asked(search, "identifier", _token),
        measures=_asked(search, "measure", _canonical),
        periods=_asked(search, "period", _days),
        dates=_asked(search, "date", _days),
        reporters=_asked(search, "reporter", _reporter),
        statuses=_asked(search, "status", _code),
    )


def group_criteria(search: ParsedSearch) -> store.ReportCriteria:
    """Of the reports that tell of the groups: a group has the id of its report."""
    return store.ReportCriteria(
        ids=_asked(search, "_id", _code), reporters=_asked(search, "managing-entity", _reporter)
    )


def measure_criteria(search: ParsedSearch) -> store.MeasureCriteria:
    return store.MeasureCriteria(
        ids=_asked(search, "_id", _code),
        urls=_asked(search, "url", _canonical),
        versions=_asked(search, "version", _code),
        statuses=_asked(search, "status", _code),
    )


def organisation_criteria(search: ParsedSearch) -> store.OrganisationCriteria:
    return store.OrganisationCriteria(
        ids=_asked(search, "_id", _code), identifiers=_asked(search, "identifier", _token)
    )


def _asked(search: ParsedSearch, name: str, convert: Callable[[Value], T]) -> store.AnyOf[T]:
    """The values of each repetition of a parameter."""
    return tuple(
        tuple(map(convert, criterion.values)) for criterion in search.criteria if criterion.parameter.name == name
    )


def _token(value: Value) -> store.TokenMatch:
    match value:
        case Token(system=system, code=code):
            return store.TokenMatch(system, code or None)
    raise _not_served()


def _code(value: Value) -> str:
    return _token(value).value or ""


def _canonical(value: Value) -> store.CanonicalMatch:
    match value:
        case Canonical(url=url, version=version):
            return store.CanonicalMatch(url, version)
        case Uri(uri=uri):
            return store.CanonicalMatch(uri, None)
    raise _not_served()


def _reporter(value: Value) -> store.ReporterMatch:
    match value:
        case ReferenceIdentifier(token=token):
            return store.ReporterMatch(None, _token(token))
        case ReferenceTo(type=None | "Organization", id=id_):
            return store.ReporterMatch(id_, None)
        case ReferenceTo():
            return _NOBODY
    raise _not_served()


def _days(value: Value) -> store.DayMatch:
    match value:
        case DateTest(prefix=prefix, span=span):
            first, after = span.low.astimezone(LONDON), span.high.astimezone(LONDON)
            if first.time() == time() and (after.time() == time() or span.high == LATEST):
                return store.DayMatch(prefix, first.date(), (after - _SHORTEST).date())
            raise FhirError(400, "dates here are days: search by day, month or year.", code="not-supported")
    raise _not_served()


def _not_served() -> FhirError:
    return FhirError(400, "a modifier of this search is not served.", code="not-supported")
