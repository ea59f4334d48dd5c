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
    not_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from hi_fhir.core.audiences import Audience
from hi_fhir.core.gzipped import inflated
from hi_fhir.store.conditions import all_of, days_match, equal, is_at, is_canonical, is_token
from hi_fhir.store.criteria import (
    MeasureCriteria,
    OrganisationCriteria,
    Reader,
    ReportCriteria,
    ReporterMatch,
)
from hi_fhir.store.forms import Parameter, SearchForm, form_of
from hi_fhir.store.models import MeasureRow, OrganisationRow, ReportContent, ReportRow
from hi_fhir.store.pages import (
    LAST_KNOWN,
    AskedPage,
    PagePlace,
    SortKey,
    columns_sorted_by,
    is_beyond,
    is_changing,
    ordered,
    place_values,
)
from hi_fhir.store.prepared import PreparedStatement
from hi_fhir.store.readable import has_measure, has_organisation, has_report

LAST = 2**31 - 1
"""Higher than any version, and than the number of any."""

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
    """total: of all that match, where it was asked for; resources: the page asked for, in its order.

    following: the place after which the next page begins; None: this is the last one.
    """

    total: int | None
    resources: list[StoredVersion]
    following: PagePlace | None = None


class _Form(NamedTuple):
    """What a statement is made of."""

    asked: SearchForm
    order: tuple[SortKey, ...]
    is_later: bool


_VERSION = slice(1, 7)  # of a row: the columns of a StoredVersion but for its content; the values of its place follow


def search_reports(connection: Connection, reader: Reader, criteria: ReportCriteria, page: AskedPage) -> SearchPage:
    asked, values = form_of(reader, criteria)
    rows: list[list[Any]] = []
    known = page.after.known if page.after else None
    if page.limit:
        then = {}
        if is_changing(page.order):
            known = _known(connection, asked, values) if known is None else known
            then = {LAST_KNOWN: _last_of(connection, asked, values, known)}
        statement = _page_statement(connection.dialect, _Form(asked, page.order, page.after is not None))
        rows = statement.rows(connection, {**values, **place_values(page.after), **then, "limit": page.limit + 1})
    found = rows[: page.limit]
    total: int | None = len(rows)
    if not page.with_total:
        total = None
    elif page.after or not page.limit or len(rows) > page.limit:  # else this page is all there is
        [[total]] = _total_statement(connection.dialect, asked).rows(connection, values)
    following = PagePlace(tuple(found[-1][_VERSION.stop :]), known) if len(rows) > page.limit > 0 else None
    return SearchPage(total, [_with_content(connection, row) for row in found], following)


def _with_content(connection: Connection, row: list[Any]) -> StoredVersion:
    [[file]] = _content_statement(connection.dialect).rows(connection, {"report": row[0]})
    columns: list[Any] = row[_VERSION]
    return StoredVersion(*(*columns, file))


@lru_cache(maxsize=4)
def _content_statement(dialect: Dialect) -> PreparedStatement:
    """A page is put in order without contents."""
    return PreparedStatement(_CONTENT, dialect)


@lru_cache(maxsize=256)
def _page_statement(dialect: Dialect, form: _Form) -> PreparedStatement:
    """Ids and columns of the reports of a page, then the values of their places."""
    place = aliased(ReportRow) if is_changing(form.order) else ReportRow
    columns = columns_sorted_by(form.order, place)
    places = [column.label(f"place_{number}") for number, column in enumerate(columns)]
    found = select(ReportRow.id, *columns_of(ReportRow), *places).where(*_conditions(form.asked))
    if place is not ReportRow:
        had = has_report(form.asked.audience, form.asked.organisations)
        versions = select(ReportRow.resource_id, func.max(ReportRow.version).label("version"))
        last = versions.where(had, ReportRow.number <= bindparam(LAST_KNOWN, type_=Integer))
        then = last.group_by(ReportRow.resource_id).subquery()
        found = found.join(then, then.c.resource_id == ReportRow.resource_id)
        found = found.join(place, and_(place.resource_id == then.c.resource_id, place.version == then.c.version))
    if form.is_later:
        found = found.where(is_beyond(form.order, columns))
    limited = found.order_by(*ordered(form.order, columns)).limit(bindparam("limit", type_=Integer))
    return PreparedStatement(limited, dialect)


def _known(connection: Connection, asked: SearchForm, values: dict[str, Any]) -> int:
    """How many versions of reports the reader may have."""
    [[known]] = _known_statements(connection.dialect, asked.audience, asked.organisations)[0].rows(connection, values)
    return int(known)


def _last_of(connection: Connection, asked: SearchForm, values: dict[str, Any], known: int) -> int:
    """The number of the last of the first so many versions that the reader may have: of all, where they are fewer."""
    statement = _known_statements(connection.dialect, asked.audience, asked.organisations)[1]
    rows = statement.rows(connection, {**values, "before": max(known - 1, 0)})
    return int(rows[0][0]) if rows else LAST


@lru_cache(maxsize=64)
def _known_statements(
    dialect: Dialect, audience: Audience, organisations: tuple[Parameter, ...] | None
) -> tuple[PreparedStatement, PreparedStatement]:
    had = has_report(audience, organisations)
    count = select(func.count()).select_from(ReportRow).where(had)
    last = select(ReportRow.number).where(had).order_by(ReportRow.number).limit(1)
    offset = last.offset(bindparam("before", type_=Integer))
    return PreparedStatement(count, dialect), PreparedStatement(offset, dialect)


@lru_cache(maxsize=256)
def _total_statement(dialect: Dialect, asked: SearchForm) -> PreparedStatement:
    total = select(func.count()).select_from(ReportRow).where(*_conditions(asked))
    return PreparedStatement(total, dialect)


def _conditions(asked: SearchForm) -> list[ColumnElement[bool]]:
    form = asked.criteria
    is_named = form.ids or any(token.value for tokens in form.identifiers for token in tokens)
    return [
        has_report(asked.audience, asked.organisations),
        and_(ReportRow.is_latest if is_named else ReportRow.is_current),
        *report_conditions(form),
    ]


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
        all_of(form.updated, lambda instants: is_at(instants, ReportRow.recorded_at)),
        *(not_(and_(true(), *report_conditions(one))) for one in form.none_of),
    ]


def search_measures(connection: Connection, reader: Reader, criteria: MeasureCriteria, page: AskedPage) -> SearchPage:
    had = has_measure(reader.audience, reader.reached)
    return _defined(connection, MeasureRow, [had, *_measure_conditions(criteria), _is_latest_of_named(criteria)], page)


def _measure_conditions(criteria: MeasureCriteria) -> list[ColumnElement[bool]]:
    return [
        all_of(criteria.ids, lambda id_: MeasureRow.resource_id == id_),
        *_named(MeasureRow, criteria),
        all_of(criteria.statuses, lambda status: MeasureRow.status == status),
        all_of(criteria.updated, lambda instants: is_at(instants, MeasureRow.recorded_at)),
        *(not_(and_(true(), *_measure_conditions(one))) for one in criteria.none_of),
    ]


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
    connection: Connection, reader: Reader, criteria: OrganisationCriteria, page: AskedPage
) -> SearchPage:
    had = has_organisation(reader.audience, reader.reached)
    return _defined(
        connection, OrganisationRow, [had, *_organisation_conditions(criteria), is_latest(OrganisationRow)], page
    )


def every_organisation(connection: Connection, reader: Reader) -> list[StoredVersion]:
    """All of which the reader has a report, in no order."""
    had = has_organisation(reader.audience, reader.reached)
    found = definitions_of(OrganisationRow).where(had, is_latest(OrganisationRow))
    return [StoredVersion(*row) for row in connection.execute(found)]


def _organisation_conditions(criteria: OrganisationCriteria) -> list[ColumnElement[bool]]:
    system, code = OrganisationRow.identifier_system, OrganisationRow.organisation
    return [
        all_of(criteria.ids, lambda id_: OrganisationRow.resource_id == id_),
        all_of(criteria.identifiers, lambda token: is_token(token, system, code)),
        all_of(criteria.updated, lambda instants: is_at(instants, OrganisationRow.recorded_at)),
        *(not_(and_(true(), *_organisation_conditions(one))) for one in criteria.none_of),
    ]


def read_report(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    form, values = form_of(reader, ReportCriteria())
    rows = _report_statement(connection.dialect, form).rows(connection, {**values, "id": id_})
    return StoredVersion(*rows[0]) if rows else None


@lru_cache
def _report_statement(dialect: Dialect, asked: SearchForm) -> PreparedStatement:
    had = has_report(asked.audience, asked.organisations)
    return PreparedStatement(_REPORT.where(ReportRow.resource_id == bindparam("id"), had), dialect)


def read_measure(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    return latest_measure(connection, MeasureRow.resource_id == id_, has_measure(reader.audience, reader.reached))


def read_organisation(connection: Connection, reader: Reader, id_: str) -> StoredVersion | None:
    had = has_organisation(reader.audience, reader.reached)
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
    return _first(connection, definitions_of(MeasureRow).where(is_latest(MeasureRow), *conditions))


def latest_organisation(connection: Connection, *conditions: ColumnElement[bool]) -> StoredVersion | None:
    """The latest version of the Organization that meets the conditions, whoever asks."""
    return _first(connection, definitions_of(OrganisationRow).where(is_latest(OrganisationRow), *conditions))


def _first(connection: Connection, of_them: Select[Any]) -> StoredVersion | None:
    row: Sequence[Any] | None = connection.execute(of_them.limit(1)).first()
    return StoredVersion(*row) if row else None


def columns_of(kind: type[ReportRow] | type[Definition]) -> tuple[InstrumentedAttribute[Any], ...]:
    """Those of StoredVersion, in its order, but for the content."""
    return (kind.resource_id, kind.version, kind.recorded_at, kind.sha256, kind.audience, kind.organisation)


def kept_file(content: InstrumentedAttribute[bytes]) -> ColumnElement[bytes]:
    """The content as it is kept."""
    return type_coerce(content, LargeBinary)


def definitions_of(kind: type[Definition]) -> Select[Any]:
    return select(*columns_of(kind), kept_file(kind.content))


def is_latest(kind: type[Definition]) -> ColumnElement[bool]:
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
    connection: Connection, kind: type[Definition], conditions: list[ColumnElement[bool]], page: AskedPage
) -> SearchPage:
    """Definitions are few, and in order of id alone."""
    [key] = page.order
    rows: Sequence[Sequence[Any]] = ()
    if page.limit:
        of_page = definitions_of(kind).where(*conditions).order_by(*ordered([key], [kind.resource_id]))
        if page.after:
            of_page = of_page.where(is_beyond([key], [kind.resource_id]))
        rows = connection.execute(of_page.limit(page.limit + 1), place_values(page.after)).all()
    found = [StoredVersion(*row) for row in rows[: page.limit]]
    total = connection.scalar(select(func.count()).select_from(kind).where(*conditions)) if page.with_total else None
    return SearchPage(total, found, PagePlace((found[-1].id,), None) if len(rows) > page.limit > 0 else None)


_REPORT = (
    select(*columns_of(ReportRow), kept_file(ReportContent.content))
    .join(ReportContent, ReportContent.report_id == ReportRow.id)
    .where(ReportRow.is_latest)
)
_CONTENT = select(kept_file(ReportContent.content)).where(ReportContent.report_id == bindparam("report"))
