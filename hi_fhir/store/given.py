"""When an organisation's reports were given to an audience, and what was said of them since, for who may have them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.models import Release, ReportRow
from hi_fhir.store.notices import NoticeRow, gives_numbers
from hi_fhir.store.readable import Codes, has_report


class GivenReports(NamedTuple):
    """Versions of reports of one release and period. again: those of reports that were given before."""

    on: datetime
    evaluation: str
    policy: str
    policy_version: str
    period_start: date
    period_end: date
    reports: int
    again: int


class SaidNotice(NamedTuple):
    """What was said of one report. kind: withdrawn, corrected or lifted."""

    measure_url: str
    period_start: date
    period_end: date
    kind: str
    reason: str
    asked_by: str
    on: datetime

    @property
    def measure_id(self) -> str:
        return self.measure_url.rpartition("/")[2]


def given_reports(
    session: Session, audience: Audience, organisations: Codes | None, reporter: str
) -> list[GivenReports]:
    """Those with numbers, the latest release first. organisations: as `store.readable` has it. reporter: ODS code."""
    columns = (
        func.min(ReportRow.recorded_at),
        Release.evaluation_id,
        Release.policy_id,
        Release.policy_version,
        ReportRow.period_start,
        ReportRow.period_end,
        func.count(),
        func.sum(case((ReportRow.version > 1, 1), else_=0)),
    )
    of_it = select(*columns).join(Release).where(*_of(audience, organisations, reporter), gives_numbers())
    grouped = of_it.group_by(ReportRow.release_id, *columns[1:6])
    found = [GivenReports(*row) for row in session.execute(grouped)]
    return sorted(found, key=lambda one: (one.on, one.period_end, one.period_start), reverse=True)


def said_notices(session: Session, audience: Audience, organisations: Codes | None, reporter: str) -> list[SaidNotice]:
    """The latest first."""
    columns = (ReportRow.measure_url, ReportRow.period_start, ReportRow.period_end, NoticeRow.kind)
    said = select(*columns, NoticeRow.reason, NoticeRow.asked_by, NoticeRow.recorded_at)
    of_it = said.join(NoticeRow, NoticeRow.report_id == ReportRow.id).where(*_of(audience, organisations, reporter))
    return [SaidNotice(*row) for row in session.execute(of_it.order_by(NoticeRow.recorded_at.desc(), *columns))]


def _of(audience: Audience, organisations: Codes | None, reporter: str) -> Sequence[ColumnElement[bool]]:
    return has_report(audience, organisations), ReportRow.organisation == reporter
