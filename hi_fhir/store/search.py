"""Searches of the store as FHIR asks them.

Only the latest version of a resource is found, and only what the reader may have. What comes over the wire is parsed
elsewhere; here it is values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from hi_fhir.store.criteria import (
    AnyOf,
    CanonicalMatch,
    DayMatch,
    MeasureCriteria,
    OrganisationCriteria,
    Reader,
    ReportCriteria,
    ReporterMatch,
    TokenMatch,
)
from hi_fhir.store.models import Measure, Organisation, Report, ReportContent

_EXACT = "practice"  # the audience of exact counts

T = TypeVar("T")
Definition = Measure | Organisation
Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


@dataclass(frozen=True)
class StoredVersion:
    """One version of a resource. content: canonical JSON without meta; sha256: of it. organisation: ODS code."""

    id: str
    version: int
    recorded_at: datetime
    sha256: str
    audience: str
    organisation: str | None
    content: bytes


@dataclass(frozen=True)
class Found:
    """total: of all that match; resources: the page asked for, in order of id."""

    total: int
    resources: list[StoredVersion]


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
    is_named = criteria.ids or any(token.value for tokens in criteria.identifiers for token in tokens)
    conditions.append(and_(Report.is_latest if is_named else Report.is_current))
    columns = select(Report.id, *_columns(Report))
    total, rows = _page(session, Report, columns, conditions, offset, limit)
    contents = _contents(session, [row[0] for row in rows])
    return Found(total, [StoredVersion(*(*row[1:], contents[row[0]])) for row in rows])


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
    return _defined(session, Measure, conditions, offset, limit)


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
    return _defined(session, Organisation, conditions, offset, limit)


def read_report(session: Session, reader: Reader, id_: str) -> StoredVersion | None:
    return latest_report(session, Report.resource_id == id_, _has_report(reader))


def read_measure(session: Session, reader: Reader, id_: str) -> StoredVersion | None:
    return latest_measure(session, Measure.resource_id == id_, _has_measure(reader))


def read_organisation(session: Session, reader: Reader, id_: str) -> StoredVersion | None:
    return latest_organisation(session, Organisation.resource_id == id_, _has_organisation(reader))


def latest_report(session: Session, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the report that meets the conditions, whoever asks."""
    columns = select(*_columns(Report), ReportContent.content).join(ReportContent, ReportContent.report_id == Report.id)
    return _first(session, columns.where(Report.is_latest, *conditions))


def latest_measure(session: Session, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the Measure that meets the conditions, whoever asks."""
    return _first(session, _definitions(Measure).where(_is_latest(Measure), *conditions))


def latest_organisation(session: Session, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the Organization that meets the conditions, whoever asks."""
    return _first(session, _definitions(Organisation).where(_is_latest(Organisation), *conditions))


def _first(session: Session, of_them: Select[Any]) -> StoredVersion | None:
    row: Sequence[Any] | None = session.execute(of_them.limit(1)).first()
    return StoredVersion(*row) if row else None


def _columns(kind: type[Report] | type[Definition]) -> tuple[InstrumentedAttribute[Any], ...]:
    """Those of StoredVersion, in its order, but for the content."""
    return (kind.resource_id, kind.version, kind.recorded_at, kind.sha256, kind.audience, kind.organisation)


def _definitions(kind: type[Definition]) -> Select[Any]:
    return select(*_columns(kind), kind.content)


def _is_latest(kind: type[Definition]) -> ColumnElement[bool]:
    """That no later version of the row's resource is there."""
    other = aliased(kind)
    newer = select(other.id).where(other.resource_id == kind.resource_id, other.version > kind.version)
    return ~newer.exists()


def _contents(session: Session, reports: list[int]) -> dict[int, bytes]:
    """Contents by id of the report's row."""
    if not reports:
        return {}
    of_them = select(ReportContent.report_id, ReportContent.content).where(ReportContent.report_id.in_(reports))
    return dict(iter(session.execute(of_them)))


def _has_report(reader: Reader) -> ColumnElement[bool]:
    released = Report.audience == reader.audience
    return released & (Report.organisation == reader.practice) if reader.audience == _EXACT else released


def _has_measure(reader: Reader) -> ColumnElement[bool]:
    return exists().where(Report.measure_url == Measure.url, Report.is_current, _has_report(reader))


def _has_organisation(reader: Reader) -> ColumnElement[bool]:
    return exists().where(Report.reporter_id == Organisation.resource_id, Report.is_current, _has_report(reader))


def _defined(
    session: Session, kind: type[Definition], conditions: list[ColumnElement[bool]], offset: int, limit: int
) -> Found:
    total, rows = _page(session, kind, _definitions(kind), [*conditions, _is_latest(kind)], offset, limit)
    return Found(total, [StoredVersion(*row) for row in rows])


def _page(
    session: Session,
    kind: type[Report] | type[Definition],
    columns: Select[Any],
    conditions: list[ColumnElement[bool]],
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Sequence[Any]]]:
    """How many rows meet the conditions, and a page of them. They are counted only where the page does not tell."""
    page = columns.where(*conditions).order_by(kind.resource_id).offset(offset).limit(limit)
    rows: Sequence[Sequence[Any]] = session.execute(page).all() if limit else ()
    if rows and len(rows) < limit:
        return offset + len(rows), rows
    return session.scalar(select(func.count()).select_from(kind).where(*conditions)) or 0, rows


def _all_of(criteria: AnyOf[T], condition: Callable[[T], ColumnElement[bool]]) -> ColumnElement[bool]:
    return and_(true(), *(or_(false(), *map(condition, alternatives)) for alternatives in criteria))


def _token(token: TokenMatch, system: Text, value: Text) -> ColumnElement[bool]:
    return _equal((system, token.system), (value, token.value))


def _canonical(asked: CanonicalMatch, url: Text, version: Text) -> ColumnElement[bool]:
    return _equal((url, asked.url), (version, asked.version))


def _reporter(asked: ReporterMatch) -> ColumnElement[bool]:
    own = _equal((Report.reporter_id, asked.organisation_id))
    if asked.identifier is None:
        return own
    return own & _token(asked.identifier, Report.reporter_system, Report.organisation)


def _equal(*pairs: tuple[Text, str | None]) -> ColumnElement[bool]:
    """That each column has the value asked for, where one is."""
    return and_(true(), *(column == wanted for column, wanted in pairs if wanted is not None))


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
