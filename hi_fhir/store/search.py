"""Searches of the store as FHIR asks them: criteria within a tuple are alternatives, the tuples all hold.

Only the latest version of a resource is found, and only what the reader may have. What comes over the wire is parsed
elsewhere; here it is values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from hi_fhir.store.models import Measure, Organisation, Report, Versioned

_EXACT = "practice"  # the audience of exact counts

T = TypeVar("T")
Row = TypeVar("Row", Report, Measure, Organisation)
Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
AnyOf = tuple[tuple[T, ...], ...]
"""Outer: all hold, as of a repeated parameter. Inner: any holds, as of values joined by commas. Empty: not asked."""


class Token(NamedTuple):
    """system None: any, "": none. value None: any."""

    system: str | None
    value: str | None


class Canonical(NamedTuple):
    """version None: any."""

    url: str
    version: str | None


class DayMatch(NamedTuple):
    """prefix: eq, ne, gt, lt, ge, le, sa, eb or ap. first, last: the days that the search's value covers."""

    prefix: str
    first: date
    last: date


class ReporterMatch(NamedTuple):
    """An Organization by its id or by its identifier."""

    organisation_id: str | None
    identifier: Token | None


@dataclass(frozen=True)
class Reader:
    """Who asks: an audience has the reports that were released to it, their measures and their reporters.

    practice: ODS code of the practice that asks, for the practice audience, of which each has its own reports alone.
    """

    audience: str
    practice: str | None = None


@dataclass(frozen=True)
class ReportCriteria:
    ids: AnyOf[str] = ()
    identifiers: AnyOf[Token] = ()
    measures: AnyOf[Canonical] = ()
    periods: AnyOf[DayMatch] = ()
    dates: AnyOf[DayMatch] = ()
    reporters: AnyOf[ReporterMatch] = ()
    statuses: AnyOf[str] = ()


@dataclass(frozen=True)
class MeasureCriteria:
    ids: AnyOf[str] = ()
    urls: AnyOf[Canonical] = ()
    versions: AnyOf[str] = ()
    statuses: AnyOf[str] = ()


@dataclass(frozen=True)
class OrganisationCriteria:
    ids: AnyOf[str] = ()
    identifiers: AnyOf[Token] = ()


@dataclass(frozen=True)
class Stored:
    """One version of a resource. content: canonical JSON without meta; sha256: of it. organisation: ODS code."""

    id: str
    version: int
    recorded_at: datetime
    content: bytes
    sha256: str
    audience: str
    organisation: str | None


@dataclass(frozen=True)
class Found:
    """total: of all that match; resources: the page asked for, in order of id."""

    total: int
    resources: list[Stored]


def search_reports(session: Session, reader: Reader, criteria: ReportCriteria, *, offset: int = 0, limit: int) -> Found:
    conditions = [
        _has_report(reader),
        _all_of(criteria.ids, lambda id_: Report.resource_id == id_),
        _all_of(criteria.identifiers, lambda token: _token(token, Report.identifier_system, Report.identifier)),
        _all_of(criteria.measures, lambda one: _canonical(one, Report.measure_url, Report.measure_version)),
        _all_of(criteria.periods, lambda days: _days(days, Report.period_start, Report.period_end)),
        _all_of(criteria.dates, lambda days: _days(days, Report.data_date, Report.data_date)),
        _all_of(criteria.reporters, _reporter),
        _all_of(criteria.statuses, lambda status: Report.status == status),
    ]
    by_identifier = any(token.value for tokens in criteria.identifiers for token in tokens)
    if not criteria.ids and not by_identifier:
        conditions.append(_is_newest_of_its_period())
    return _page(session, Report, and_(*conditions), offset, limit)


def search_measures(
    session: Session, reader: Reader, criteria: MeasureCriteria, *, offset: int = 0, limit: int
) -> Found:
    conditions = [
        _has_measure(reader),
        _all_of(criteria.ids, lambda id_: Measure.resource_id == id_),
        _all_of(criteria.urls, lambda one: _canonical(one, Measure.url, Measure.measure_version)),
        _all_of(criteria.versions, lambda version: Measure.measure_version == version),
        _all_of(criteria.statuses, lambda status: Measure.status == status),
    ]
    return _page(session, Measure, and_(*conditions), offset, limit)


def search_organisations(
    session: Session, reader: Reader, criteria: OrganisationCriteria, *, offset: int = 0, limit: int
) -> Found:
    conditions = [
        _has_organisation(reader),
        _all_of(criteria.ids, lambda id_: Organisation.resource_id == id_),
        _all_of(
            criteria.identifiers, lambda token: _token(token, Organisation.identifier_system, Organisation.organisation)
        ),
    ]
    return _page(session, Organisation, and_(*conditions), offset, limit)


def read_report(session: Session, reader: Reader, id_: str) -> Stored | None:
    return latest(session, Report, Report.resource_id == id_, _has_report(reader))


def read_measure(session: Session, reader: Reader, id_: str) -> Stored | None:
    return latest(session, Measure, Measure.resource_id == id_, _has_measure(reader))


def read_organisation(session: Session, reader: Reader, id_: str) -> Stored | None:
    return latest(session, Organisation, Organisation.resource_id == id_, _has_organisation(reader))


def stored(row: Versioned) -> Stored:
    return Stored(
        id=row.resource_id,
        version=row.version,
        recorded_at=row.recorded_at,
        content=row.content,
        sha256=row.sha256,
        audience=row.audience,
        organisation=row.organisation,
    )


def is_latest(kind: type[Row]) -> ColumnElement[bool]:
    """That no later version of the row's resource is there."""
    other = aliased(kind)
    newer = select(other.id).where(other.resource_id == kind.resource_id, other.version > kind.version)
    return ~newer.exists()


def _is_newest_of_its_period() -> ColumnElement[bool]:
    """That no other report of its measure, reporter, period and audience is of later days.

    There are others from before they were versions of one report. Who knows the id or identifier of one still finds it.
    """
    other = aliased(Report)
    days = tuple_(Report.as_of, Report.data_date, Report.id)
    later = select(other.id).where(
        other.measure_url == Report.measure_url,
        other.period_end == Report.period_end,
        other.period_start == Report.period_start,
        other.organisation == Report.organisation,
        other.audience == Report.audience,
        other.resource_id != Report.resource_id,
        tuple_(other.as_of, other.data_date, other.id) > days,
    )
    return ~later.exists()


def latest(session: Session, kind: type[Row], *conditions: ColumnElement[bool]) -> Stored | None:
    """The latest version that meets the conditions, whoever asks."""
    row = session.scalars(select(kind).where(*conditions).order_by(kind.version.desc()).limit(1)).first()
    return stored(row) if row else None


def _has_report(reader: Reader) -> ColumnElement[bool]:
    released = Report.audience == reader.audience
    return released & (Report.organisation == reader.practice) if reader.audience == _EXACT else released


def _has_measure(reader: Reader) -> ColumnElement[bool]:
    return Measure.url.in_(select(Report.measure_url).where(_has_report(reader)))


def _has_organisation(reader: Reader) -> ColumnElement[bool]:
    return Organisation.resource_id.in_(select(Report.reporter_id).where(_has_report(reader)))


def _page(session: Session, kind: type[Row], condition: ColumnElement[bool], offset: int, limit: int) -> Found:
    matching = select(kind).where(condition, is_latest(kind))
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    rows = session.scalars(matching.order_by(kind.resource_id).offset(offset).limit(limit))
    return Found(total, [stored(row) for row in rows])


def _all_of(criteria: AnyOf[T], condition: Callable[[T], ColumnElement[bool]]) -> ColumnElement[bool]:
    return and_(True, *(or_(False, *map(condition, alternatives)) for alternatives in criteria))


def _token(token: Token, system: Text, value: Text) -> ColumnElement[bool]:
    return _equal((system, token.system), (value, token.value))


def _canonical(asked: Canonical, url: Text, version: Text) -> ColumnElement[bool]:
    return _equal((url, asked.url), (version, asked.version))


def _reporter(asked: ReporterMatch) -> ColumnElement[bool]:
    own = _equal((Report.reporter_id, asked.organisation_id))
    if asked.identifier is None:
        return own
    return own & _token(asked.identifier, Report.reporter_system, Report.organisation)


def _equal(*pairs: tuple[Text, str | None]) -> ColumnElement[bool]:
    """That each column has the value asked for, where one is."""
    return and_(True, *(column == wanted for column, wanted in pairs if wanted is not None))


def _days(asked: DayMatch, start: InstrumentedAttribute[date], end: InstrumentedAttribute[date]) -> ColumnElement[bool]:
    """Whether the days from `start` to `end`, both inclusive, match.

    Source: FHIR R4 Search, Date, as HAPI reads it: gt, lt, ge and le ask for some day beyond (or within) the value;
    `ap` is overlap.
    """
    within = and_(start >= asked.first, end <= asked.last)
    return {
        "eq": within,
        "ne": ~within,
        "gt": end > asked.last,
        "lt": start < asked.first,
        "ge": end >= asked.first,
        "le": start <= asked.last,
        "sa": start > asked.last,
        "eb": end < asked.first,
        "ap": and_(start <= asked.last, end >= asked.first),
    }[asked.prefix]
