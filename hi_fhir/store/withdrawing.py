"""Which released reports are to be withdrawn, and that what was may be released again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from hi_fhir.core.audiences import Audience
from hi_fhir.store.deliveries import last_deliveries
from hi_fhir.store.models import Release, ReportRow
from hi_fhir.store.notices import NewNotice, Notice, NoticeKind, add_notices, standing_versions


@dataclass(frozen=True)
class ReportChoice:
    """Which reports are meant: those that meet all that is asked. None, empty: not asked.

    ids: of resources, or identifiers. measure: id. reporter: ODS code. period: first and last day. evaluation: that
    the last version was released from.
    """

    ids: Sequence[str] = ()
    measure: str | None = None
    reporter: str | None = None
    period: tuple[date, date] | None = None
    evaluation: str | None = None
    audience: Audience | None = None

    @property
    def is_everything(self) -> bool:
        return not any((self.ids, self.measure, self.reporter, self.period, self.evaluation))

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [and_(ReportRow.is_latest)]
        if self.ids:
            ids = list(self.ids)
            found.append(or_(ReportRow.resource_id.in_(ids), ReportRow.identifier.in_(ids)))
        if self.measure is not None:
            found.append(ReportRow.measure_url.endswith(f"/Measure/{self.measure}", autoescape=True))
        if self.reporter is not None:
            found.append(ReportRow.organisation == self.reporter)
        if self.period is not None:
            found += (ReportRow.period_start == self.period[0], ReportRow.period_end == self.period[1])
        if self.evaluation is not None:
            found.append(Release.evaluation_id == self.evaluation)
        if self.audience is not None:
            found.append(ReportRow.audience == self.audience)
        return found


def chosen_reports(session: Session, choice: ReportChoice) -> Sequence[ReportRow]:
    """The last version of each report that is meant, with its release; in order of release and of number."""
    asked = select(ReportRow).join(Release).options(joinedload(ReportRow.release)).where(*choice.conditions())
    return session.scalars(asked.order_by(ReportRow.release_id, ReportRow.number)).all()


def lift(session: Session, identifiers: Collection[str], notice: Notice, at: datetime) -> list[str]:
    """Have reports that are withdrawn be released again by whoever does next; which of them those are."""
    standing = standing_versions(session, identifiers)
    withdrawn = {identifier: last for identifier, last in standing.items() if last.is_withdrawn}
    add_notices(session, {last.row: NewNotice(NoticeKind.LIFTED, notice) for last in withdrawn.values()}, at)
    return sorted(withdrawn)


def to_be_told(session: Session, target: str, rows: Sequence[ReportRow]) -> list[ReportRow]:
    """Those of which another version was sent to a server last, or this one in vain."""
    last = last_deliveries(session, target)
    tried = [(row, last[row.identifier]) for row in rows if row.identifier in last]
    return [row for row, sent in tried if sent.status == "failed" or sent.sha256 != row.sha256]
