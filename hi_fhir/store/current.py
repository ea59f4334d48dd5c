"""The reports that give numbers now, with the period before each, for what looks at many of them."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.models import ReportContent, ReportRow
from hi_fhir.store.notices import NoticeKind, NoticeRow, gives_numbers
from hi_fhir.store.readable import Codes, has_report

_AT_ONCE = 100  # contents in one query


class CurrentReport(NamedTuple):
    """The latest version of a report, by the id of its row. reporter: ODS code."""

    id: int
    identifier: str
    version: int
    measure_url: str
    measure_version: str
    reporter: str
    period_start: date
    period_end: date
    as_of: date

    @property
    def measure_id(self) -> str:
        return self.measure_url.rpartition("/")[2]


def current_reports(
    session: Session, audience: Audience, organisations: Codes | None = None, reporters: Collection[str] = ()
) -> list[CurrentReport]:
    """What a reader of these organisations may have, in order of measure, reporter and period.

    reporters: ODS codes; all where there are none.
    """
    columns = [getattr(ReportRow, "organisation" if name == "reporter" else name) for name in CurrentReport._fields]
    of_it = select(*columns).where(has_report(audience, organisations), ReportRow.is_current, gives_numbers())
    if reporters:
        of_it = of_it.where(ReportRow.organisation.in_(reporters))
    return sorted((CurrentReport(*row) for row in session.execute(of_it)), key=_order)


class WithdrawnReport(NamedTuple):
    """A report that is withdrawn, and has no numbers. on: when that was recorded."""

    measure_url: str
    measure_version: str
    reporter: str
    audience: str
    period_start: date
    period_end: date
    reason: str
    asked_by: str
    on: datetime

    @property
    def measure_id(self) -> str:
        return self.measure_url.rpartition("/")[2]


def withdrawn_reports(
    session: Session, audience: Audience, organisations: Codes | None = None, reporters: Collection[str] = ()
) -> list[WithdrawnReport]:
    """As of `current_reports`: those that hold now and were withdrawn."""
    columns: tuple[Any, ...] = (
        ReportRow.measure_url,
        ReportRow.measure_version,
        ReportRow.organisation,
        ReportRow.audience,
        ReportRow.period_start,
        ReportRow.period_end,
        NoticeRow.reason,
        NoticeRow.asked_by,
        NoticeRow.recorded_at,
    )
    said = (NoticeRow.report_id == ReportRow.id) & (NoticeRow.kind == NoticeKind.WITHDRAWN)
    of_it = select(*columns).join(NoticeRow, said).where(has_report(audience, organisations), ReportRow.is_current)
    if reporters:
        of_it = of_it.where(ReportRow.organisation.in_(reporters))
    return sorted((WithdrawnReport(*row) for row in session.execute(of_it)), key=_order)


def _order(one: CurrentReport | WithdrawnReport) -> tuple[str, str, date, date]:
    """Of measure, reporter and period. By the database SQLite would look for it among the reports of everybody."""
    return one.measure_url, one.reporter, one.period_end, one.period_start


def period_before(report: CurrentReport, reports: Collection[CurrentReport]) -> CurrentReport | None:
    """Of the reports on the same measure and reporter that which ended last before this one's period did.

    It is of a period as long: a quarter is no year before.
    """
    days = report.period_end - report.period_start
    earlier = [
        one
        for one in reports
        if (one.measure_url, one.reporter) == (report.measure_url, report.reporter)
        and one.period_end < report.period_end
        and abs((one.period_end - one.period_start - days).days) <= _LEAP
    ]
    return max(earlier, key=lambda one: one.period_end, default=None)


_LEAP = 3
"""By how many days months and years that are called alike may differ."""


def newest_content(session: Session, measure_url: str) -> bytes | None:
    """Canonical JSON of the report on a measure that was released last, to whomever; None: none was."""
    found = session.scalar(select(func.max(ReportRow.id)).where(ReportRow.measure_url == measure_url, gives_numbers()))
    return None if found is None else report_content(session, found)


def report_contents(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Canonical JSON of reports, by the ids of their rows."""
    for start in range(0, len(ids), _AT_ONCE):
        batch = ReportContent.report_id.in_(ids[start : start + _AT_ONCE])
        found = session.execute(select(ReportContent.report_id, ReportContent.content).where(batch))
        yield from ((id_, content) for id_, content in found)


def report_content(session: Session, id_: int) -> bytes:
    """Canonical JSON of a report, by the id of its row."""
    return session.scalars(select(ReportContent.content).where(ReportContent.report_id == id_)).one()
