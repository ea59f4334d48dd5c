"""Searches of the store as FHIR asks them.

Only the latest version of a resource is found, and only what the reader may have. What comes over the wire is parsed
elsewhere; here it is values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from hi_fhir.core.gzipped import inflated
from hi_fhir.store.conditions import all_of, days_match, equal, is_canonical, is_token
from hi_fhir.store.criteria import (
    MeasureCriteria,
    OrganisationCriteria,
    Reader,
    ReportCriteria,
    ReporterMatch,
)
from hi_fhir.store.forms import SearchForm, form_of
from hi_fhir.store.models import MeasureRow, OrganisationRow, ReportContent, ReportRow
from hi_fhir.store.prepared import PreparedStatement
from hi_fhir.store.readable import codes_of, has_measure, has_organisation, has_report

Definition = MeasureRow | OrganisationRow


@dataclass(frozen=True)
class StoredVersion:
    """One version of a resource. file: its content, canonical JSON without meta, as `core.gzipped` keeps it.

    sha256: of the content. organisation: ODS code.
    """

    id: str
    version: int
    recorded_at: datetime
    sha256: str
    audience: str
    organisation: str | None
    file: bytes

    @property
    def content(self) -> bytes:
        return inflated(self.file)


@dataclass(frozen=True)
class SearchPage:
    """total: of all that match; resources: the page asked for, in order of id."""

    total: int
    resources: list[StoredVersion]


class _Statements(NamedTuple):
    """Of one form of a search. page: ids and columns of the reports, with the parameters offset and limit.

    content: of the report with an id, since a page is put in order without contents.
    """

    page: PreparedStatement
    total: PreparedStatement
    content: PreparedStatement


def search_reports(
    connection: Connection, reader: Reader, criteria: ReportCriteria, *, offset: int = 0, limit: int
) -> SearchPage:
    form, values = form_of(reader, criteria)
    statements = _report_statements(connection.dialect, form)
    rows = statements.page.rows(connection, {**values, "offset": offset, "limit": limit}) if limit else []
    total = offset + len(rows)
    if not 0 < len(rows) < limit:  # else this page is the last one
        [[total]] = statements.total.rows(connection, values)
    return SearchPage(total, [_with_content(connection, statements, *row) for row in rows])


def _with_content(connection: Connection, statements: _Statements, report: int, *columns: Any) -> StoredVersion:
    [[file]] = statements.content.rows(connection, {"report": report})
    return StoredVersion(*(*columns, file))


@lru_cache(maxsize=256)
def _report_statements(dialect: Dialect, asked: SearchForm) -> _Statements:
    form = asked.criteria
    is_named = form.ids or any(token.value for tokens in form.identifiers for token in tokens)
    conditions = [
        has_report(asked.audience, asked.organisations),
        and_(ReportRow.is_latest if is_named else ReportRow.is_current),
        *report_conditions(form),
    ]
    found = select(ReportRow.id, *columns_of(ReportRow)).where(*conditions).order_by(ReportRow.resource_id)
    page = found.offset(bindparam("offset", type_=Integer)).limit(bindparam("limit", type_=Integer))
    total = select(func.count()).select_from(ReportRow).where(*conditions)
    return _Statements(*(PreparedStatement(statement, dialect) for statement in (page, total, _CONTENT)))


def report_conditions(form: ReportCriteria) -> list[ColumnElement[bool]]:
    """That a version of a report meets criteria, or a form of them."""
    return [
        all_of(form.ids, lambda id_: equal((ReportRow.resource_id, id_))),
        all_of(form.identifiers, lambda token: is_token(token, ReportRow.identifier_system, ReportRow.identifier)),
        all_of(form.measures, lambda one: is_canonical(one, ReportRow.measure_url, ReportRow.measure_version)),
        all_of(form.periods, lambda days: days_match(days, ReportRow.period_start, ReportRow.period_end)),
        all_of(form.dates, lambda days: days_match(days, ReportRow.data_date, ReportRow.data_date)),
        all_of(form.reporters, _is_reporter),
        all_of(form.statuses, lambda status: equal((ReportRow.status, status))),
    ]


def search_measures(
    connection: Connection, reader: Reader, criteria: MeasureCriteria, *, offset: int = 0, limit: int
) -> SearchPage:
    conditions = [
        has_measure(reader.audience, codes_of(reader)),
        all_of(criteria.ids, lambda id_: MeasureRow.resource_id == id_),
        *_named(MeasureRow, criteria),
        all_of(criteria.statuses, lambda status: MeasureRow.status == status),
    ]
    return _defined(connection, MeasureRow, [*conditions, _is_latest_of_named(criteria)], offset, limit)


def _is_latest_of_named(criteria: MeasureCriteria) -> ColumnElement[bool]:
    """That no later version has the names that are asked for: a report names the definition that it was made by."""
    other = aliased(MeasureRow)
    newer = (other.resource_id == MeasureRow.resource_id, other.version > MeasureRow.version)
    return ~select(other.id).where(*newer, *_named(other, criteria)).exists()


def _named(kind: type[MeasureRow], criteria: MeasureCriteria) -> list[ColumnElement[bool]]:
    """That a version of a Measure has the URL and version of the definition that are asked for."""
    return [
        all_of(criteria.urls, lambda one: is_canonical(one, kind.url, kind.measure_version)),
        all_of(criteria.versions, lambda version: kind.measure_version == version),
    ]


def search_organisations(
    connection: Connection, reader: Reader, criteria: OrganisationCriteria, *, offset: int = 0, limit: int
) -> SearchPage:
    conditions = [
        has_organisation(reader.audience, codes_of(reader)),
        all_of(criteria.ids, lambda id_: OrganisationRow.resource_id == id_),
        all_of(
            criteria.identifiers,
            lambda token: is_token(token, OrganisationRow.identifier_system, OrganisationRow.organisation),
        ),
    ]
    return _defined(connection, OrganisationRow, [*conditions, _is_latest(OrganisationRow)], offset, limit)


def read_report(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    form, values = form_of(reader, ReportCriteria())
    rows = _report_statement(connection.dialect, form).rows(connection, {**values, "id": id_})
    return StoredVersion(*rows[0]) if rows else None


@lru_cache
def _report_statement(dialect: Dialect, asked: SearchForm) -> PreparedStatement:
    had = has_report(asked.audience, asked.organisations)
    return PreparedStatement(_REPORT.where(ReportRow.resource_id == bindparam("id"), had), dialect)


def read_measure(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    return latest_measure(connection, MeasureRow.resource_id == id_, has_measure(reader.audience, codes_of(reader)))


def read_organisation(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    had = has_organisation(reader.audience, codes_of(reader))
    return latest_organisation(connection, OrganisationRow.resource_id == id_, had)


def organisation_of(connection: Connection, report: int) -> StoredVersion | None:
    """The latest version of the Organization that a report is by, by the id of the report's row."""
    reporter = select(ReportRow.reporter_id).where(ReportRow.id == report).scalar_subquery()
    return latest_organisation(connection, OrganisationRow.resource_id == reporter)


def latest_report(connection: Connection, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the report that meets the conditions, whoever asks."""
    return _first(connection, _REPORT.where(*conditions))


def latest_measure(connection: Connection, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the Measure that meets the conditions, whoever asks."""
    return _first(connection, _definitions(MeasureRow).where(_is_latest(MeasureRow), *conditions))


def latest_organisation(connection: Connection, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the Organization that meets the conditions, whoever asks."""
    return _first(connection, _definitions(OrganisationRow).where(_is_latest(OrganisationRow), *conditions))


def _first(connection: Connection, of_them: Select[Any]) -> StoredVersion | None:
    row: Sequence[Any] | None = connection.execute(of_them.limit(1)).first()
    return StoredVersion(*row) if row else None


def columns_of(kind: type[ReportRow] | type[Definition]) -> tuple[InstrumentedAttribute[Any], ...]:
    """Those of StoredVersion, in its order, but for the content."""
    return (kind.resource_id, kind.version, kind.recorded_at, kind.sha256, kind.audience, kind.organisation)


def kept_file(content: InstrumentedAttribute[bytes]) -> ColumnElement[bytes]:
    """The content as it is kept."""
    return type_coerce(content, LargeBinary)


def _definitions(kind: type[Definition]) -> Select[Any]:
    return select(*columns_of(kind), kept_file(kind.content))


def _is_latest(kind: type[Definition]) -> ColumnElement[bool]:
    """That no later version of the row's resource is there."""
    other = aliased(kind)
    newer = select(other.id).where(other.resource_id == kind.resource_id, other.version > kind.version)
    return ~newer.exists()


def _is_reporter(asked: ReporterMatch) -> ColumnElement[bool]:
    own = equal((ReportRow.reporter_id, asked.organisation_id))
    if asked.identifier is None:
        return own
    return own & is_token(asked.identifier, ReportRow.reporter_system, ReportRow.organisation)


def _defined(
    connection: Connection, kind: type[Definition], conditions: list[ColumnElement[bool]], offset: int, limit: int
) -> SearchPage:
    total, rows = _page(connection, kind, _definitions(kind), conditions, offset, limit)
    return SearchPage(total, [StoredVersion(*row) for row in rows])


def _page(
    connection: Connection,
    kind: type[ReportRow] | type[Definition],
    columns: Select[Any],
    conditions: list[ColumnElement[bool]],
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Sequence[Any]]]:
    """How many rows meet the conditions, and a page of them. They are counted only where the page does not tell."""
    page = columns.where(*conditions).order_by(kind.resource_id).offset(offset).limit(limit)
    rows: Sequence[Sequence[Any]] = connection.execute(page).all() if limit else ()
    if rows and len(rows) < limit:
        return offset + len(rows), rows
    return connection.scalar(select(func.count()).select_from(kind).where(*conditions)) or 0, rows


_REPORT = (
    select(*columns_of(ReportRow), kept_file(ReportContent.content))
    .join(ReportContent, ReportContent.report_id == ReportRow.id)
    .where(ReportRow.is_latest)
)
_CONTENT = select(kept_file(ReportContent.content)).where(ReportContent.report_id == bindparam("report"))
