"""A parsed FHIR search as the criteria of the store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from hi_fhir.core.days import LONDON
from hi_fhir.fhir.rest.intervals import LATEST
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import Criterion, ParsedSearch
from hi_fhir.fhir.rest.values import (
    Canonical,
    DateTest,
    Missing,
    ReferenceIdentifier,
    ReferenceTo,
    Token,
    Uri,
    Value,
)
from hi_fhir.store import criteria as store
from hi_fhir.store.audit_events import OUTCOME_CODES, number_of

T = TypeVar("T")
C = TypeVar("C", store.ReportCriteria, store.MeasureCriteria, store.OrganisationCriteria)

_SHORTEST = timedelta(milliseconds=1)
_OUTCOMES = {code: str(outcome) for outcome, code in OUTCOME_CODES.items()}
_NOBODY = store.ReporterMatch("", None)


def report_criteria(search: ParsedSearch) -> store.ReportCriteria:
    return _criteria(search, _report_criteria)


def _report_criteria(asked: Sequence[Criterion]) -> store.ReportCriteria:
    return store.ReportCriteria(
        ids=_asked(asked, "_id", _code),
        identifiers=_asked(asked, "identifier", _token),
        measures=_asked(asked, "measure", _canonical),
        periods=_asked(asked, "period", _days),
        dates=_asked(asked, "date", _days),
        reporters=_asked(asked, "reporter", _reporter),
        statuses=_asked(asked, "status", _code),
        updated=_asked(asked, "_lastUpdated", _instants),
    )


def group_criteria(search: ParsedSearch) -> store.ReportCriteria:
    """Of the reports that tell of the groups: a group has the id of its report."""
    return _criteria(search, _group_criteria)


def _group_criteria(asked: Sequence[Criterion]) -> store.ReportCriteria:
    return store.ReportCriteria(ids=_asked(asked, "_id", _code), reporters=_asked(asked, "managing-entity", _reporter))


def measure_criteria(search: ParsedSearch) -> store.MeasureCriteria:
    return _criteria(search, _measure_criteria)


def _measure_criteria(asked: Sequence[Criterion]) -> store.MeasureCriteria:
    return store.MeasureCriteria(
        ids=_asked(asked, "_id", _code),
        urls=_asked(asked, "url", _canonical),
        versions=_asked(asked, "version", _code),
        statuses=_asked(asked, "status", _code),
        updated=_asked(asked, "_lastUpdated", _instants),
    )


def organisation_criteria(search: ParsedSearch) -> store.OrganisationCriteria:
    return _criteria(search, _organisation_criteria)


def _organisation_criteria(asked: Sequence[Criterion]) -> store.OrganisationCriteria:
    return store.OrganisationCriteria(
        ids=_asked(asked, "_id", _code),
        identifiers=_asked(asked, "identifier", _token),
        updated=_asked(asked, "_lastUpdated", _instants),
    )


def audit_criteria(search: ParsedSearch, system: str) -> store.AuditCriteria:
    """Of audit events, which need not have a client or an organisation. system: of identifiers of organisations."""
    lacking = _lacking(search)
    plain = _audit_criteria([one for one in search.criteria if one.modifier not in ("not", "missing")], system)
    always = [one for one in lacking if one.parameter.name not in ("altid", "agent")]
    return replace(
        plain,
        ids=(*plain.ids, *_impossible(always)),
        without_client=_absent(lacking, "altid"),
        without_organisation=_absent(lacking, "agent"),
        none_of=tuple(_audit_criteria([one], system) for one in search.criteria if one.modifier == "not"),
    )


def _audit_criteria(asked: Sequence[Criterion], system: str) -> store.AuditCriteria:
    def organisation(value: Value) -> str:
        """The ODS code that is asked for; "": nobody has it."""
        match value:
            case ReferenceIdentifier(token=token):
                return token.code if token.system in (None, system) else ""
            case ReferenceTo():
                return ""
        raise _not_served()

    return store.AuditCriteria(
        ids=_asked(asked, "_id", lambda value: number_of(_code(value)) or 0),
        times=_asked(asked, "date", _instants),
        clients=_asked(asked, "altid", _code),
        organisations=_asked(asked, "agent", organisation),
        outcomes=_asked(asked, "outcome", lambda value: _OUTCOMES.get(_code(value), "")),
    )


def _absent(lacking: Sequence[Criterion], name: str) -> tuple[bool, ...]:
    """What each `:missing` of a parameter asks for."""
    values = (value for one in lacking if one.parameter.name == name for value in one.values)
    return tuple(value == Missing(absent=True) for value in values)


def _criteria(search: ParsedSearch, read: Callable[[Sequence[Criterion]], C]) -> C:
    """read: the criteria as they are without `:not` and `:missing`."""
    plain: C = read([one for one in search.criteria if one.modifier not in ("not", "missing")])
    none_of = tuple(read([one]) for one in search.criteria if one.modifier == "not")
    return replace(plain, ids=(*plain.ids, *_impossible(_lacking(search))), none_of=none_of)


def _lacking(search: ParsedSearch) -> list[Criterion]:
    return [one for one in search.criteria if one.modifier == "missing"]


def _impossible(lacking: Sequence[Criterion]) -> store.AnyOf[Any]:
    """No id at all where something is to be missing that the store has nothing without."""
    missing = [value for one in lacking for value in one.values]
    return ((),) if any(value == Missing(absent=True) for value in missing) else ()


def _asked(asked: Sequence[Criterion], name: str, convert: Callable[[Value], T]) -> store.AnyOf[T]:
    """The values of each repetition of a parameter."""
    return tuple(tuple(map(convert, one.values)) for one in asked if one.parameter.name == name)


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
    """What a span of instants asks of days, each from midnight to midnight in London."""
    match value:
        case DateTest(prefix=prefix, span=span):
            low, high = _london(span.low), _london(span.high)
            last = (high - _SHORTEST).date()
            begins, ends = low.time() == time(), high.time() == time() or span.high == LATEST
            if prefix in ("eq", "ne") and not (begins and ends):
                return store.DayMatch(prefix, date.max, date.min)  # no day lies within a part of one
            if prefix == "gt" and not ends:  # the day goes on after its instant
                return store.DayMatch("ge", high.date(), high.date())
            if prefix == "lt" and not begins:
                return store.DayMatch("le", low.date(), low.date())
            return store.DayMatch(prefix, low.date(), last)
    raise _not_served()


def _london(at: datetime) -> datetime:
    try:
        return at.astimezone(LONDON)
    except OverflowError:  # the first day of the calendar, or the end of its last
        return at


def _instants(value: Value) -> store.InstantMatch:
    match value:
        case DateTest(prefix=prefix, span=span):
            return store.InstantMatch(prefix, span.low, span.high)
    raise _not_served()


def _not_served() -> FhirError:
    return FhirError(400, "a modifier of this search is not served.", code="not-supported")
