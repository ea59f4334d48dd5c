"""Every version of a resource that a reader may have, not the latest alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, select
from sqlalchemy.orm import aliased

from hi_fhir.store.criteria import Reader
from hi_fhir.store.models import MeasureRow, OrganisationRow, ReportContent, ReportRow
from hi_fhir.store.notices import WITHDRAWN
from hi_fhir.store.readable import has_measure, has_organisation, has_report
from hi_fhir.store.search import LAST, StoredVersion, columns_of, kept_file


class AskedVersions(NamedTuple):
    """The newest `limit` of those up to version `last`, recorded at `since` or later; None: whenever."""

    last: int = LAST
    limit: int = LAST
    since: datetime | None = None


_REPORTS = select(*columns_of(ReportRow), kept_file(ReportContent.content)).join(
    ReportContent, ReportContent.report_id == ReportRow.id
)


def report_versions(connection: Connection, reader: Reader, id_: str, asked: AskedVersions) -> list[StoredVersion]:
    """Of a MeasureReport, the newest first: each that was released to the reader, by what belonged where on its day.

    What was withdrawn is not given again: of the versions up to a withdrawal, the withdrawal alone.
    """
    had = has_report(reader.audience, reader.reached)
    of_it = _REPORTS.where(ReportRow.resource_id == id_, had, ~_is_withdrawn())
    return _versions(connection, ReportRow, of_it, asked)


def _is_withdrawn() -> ColumnElement[bool]:
    """That a later version withdraws the report."""
    later = aliased(ReportRow)
    return exists().where(
        later.resource_id == ReportRow.resource_id,
        later.version > ReportRow.version,
        later.status == WITHDRAWN,
    )


def measure_versions(connection: Connection, reader: Reader, id_: str, asked: AskedVersions) -> list[StoredVersion]:
    """Of a Measure, the newest first."""
    had = has_measure(reader.audience, reader.reached)
    return _definitions(connection, MeasureRow, MeasureRow.resource_id == id_, had, asked)


def measure_named(connection: Connection, url: str, version: str) -> StoredVersion | None:
    """The last that was kept of a definition in this version of its own, whoever asks."""
    of_it = select(*columns_of(MeasureRow), kept_file(MeasureRow.content))
    of_it = of_it.where(MeasureRow.url == url, MeasureRow.measure_version == version)
    return next(iter(_versions(connection, MeasureRow, of_it, AskedVersions(limit=1))), None)


def organisation_versions(
    connection: Connection, reader: Reader, id_: str, asked: AskedVersions
) -> list[StoredVersion]:
    """Of an Organization, the newest first."""
    had = has_organisation(reader.audience, reader.reached)
    return _definitions(connection, OrganisationRow, OrganisationRow.resource_id == id_, had, asked)


def _definitions(
    connection: Connection,
    kind: type[MeasureRow] | type[OrganisationRow],
    named: ColumnElement[bool],
    had: ColumnElement[bool],
    asked: AskedVersions,
) -> list[StoredVersion]:
    of_it = select(*columns_of(kind), kept_file(kind.content)).where(named, had)
    return _versions(connection, kind, of_it, asked)


def _versions(
    connection: Connection,
    kind: type[ReportRow] | type[MeasureRow] | type[OrganisationRow],
    of_it: Select[Any],
    asked: AskedVersions,
) -> list[StoredVersion]:
    of_them = of_it.where(kind.version <= asked.last).order_by(kind.version.desc()).limit(asked.limit)
    if asked.since is not None:
        of_them = of_them.where(kind.recorded_at >= asked.since)
    rows: Sequence[Sequence[Any]] = connection.execute(of_them).all()
    return [StoredVersion(*row) for row in rows]
