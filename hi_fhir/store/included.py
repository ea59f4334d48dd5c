"""What goes along with reports that were found, and which reports go along with what was found."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, Select, exists, select
from sqlalchemy.orm import aliased

from hi_fhir.store.criteria import CanonicalMatch, Reader, ReportCriteria, ReporterMatch
from hi_fhir.store.models import MeasureRow, OrganisationRow, ReportRow
from hi_fhir.store.pages import AskedPage
from hi_fhir.store.readable import has_measure, has_organisation, has_report
from hi_fhir.store.search import SearchPage, StoredVersion, definitions_of, is_latest, search_reports


def reporters_of(connection: Connection, reader: Reader, reports: Sequence[StoredVersion]) -> list[StoredVersion]:
    """The Organizations that reports are by, in order of id."""
    had = has_organisation(reader.audience, reader.reached)
    named = OrganisationRow.resource_id.in_(_of_them(reader, reports).with_only_columns(ReportRow.reporter_id))
    found = definitions_of(OrganisationRow).where(is_latest(OrganisationRow), had, named)
    return [StoredVersion(*row) for row in connection.execute(found.order_by(OrganisationRow.resource_id))]


def measures_of(connection: Connection, reader: Reader, reports: Sequence[StoredVersion]) -> list[StoredVersion]:
    """The Measures that reports are on, of the versions that they name, in order of id."""
    had, other = has_measure(reader.audience, reader.reached), aliased(MeasureRow)
    same = (other.url == MeasureRow.url, other.measure_version == MeasureRow.measure_version)
    newer = exists().where(*same, other.version > MeasureRow.version)
    canonical = (ReportRow.measure_url == MeasureRow.url, ReportRow.measure_version == MeasureRow.measure_version)
    named = _of_them(reader, reports).where(*canonical).exists()
    found = definitions_of(MeasureRow).where(~newer, had, named)
    return [StoredVersion(*row) for row in connection.execute(found.order_by(MeasureRow.resource_id))]


def reports_by(
    connection: Connection, reader: Reader, organisations: Sequence[StoredVersion], limit: int
) -> SearchPage:
    """The reports by Organizations; `following` tells that there are more."""
    named = tuple(ReporterMatch(one.id, None) for one in organisations)
    return search_reports(connection, reader, ReportCriteria(reporters=(named,)), AskedPage(limit, with_total=False))


def reports_on(connection: Connection, reader: Reader, measures: Sequence[StoredVersion], limit: int) -> SearchPage:
    """The reports on Measures, of whichever version."""
    named = tuple(CanonicalMatch(orjson.loads(one.content)["url"], None) for one in measures)
    return search_reports(connection, reader, ReportCriteria(measures=(named,)), AskedPage(limit, with_total=False))


def _of_them(reader: Reader, reports: Sequence[StoredVersion]) -> Select[int]:
    had = has_report(reader.audience, reader.reached)
    return select(ReportRow.id).where(ReportRow.resource_id.in_([one.id for one in reports]), ReportRow.is_latest, had)
