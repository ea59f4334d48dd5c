"""What is said of versions of reports beside their numbers: withdrawn or corrected, why, and who asked for it.

A withdrawn report has one more version, without numbers. Its earlier ones are kept, since whoever was given them knows
them, and are given to nobody any more. It stays withdrawn, whatever is released, until that is lifted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, exists, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from hi_fhir.store.models import Base, ReportRow

WITHDRAWN = "error"
"""MeasureReport.status of a version that withdraws the report; it has no numbers. Source: FHIR R4, of whose three
codes (complete, pending, error) it is the one that promises none."""


class NoticeKind(StrEnum):
    """lifted: what was withdrawn may be released again. The others: what the version itself says."""

    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    LIFTED = "lifted"


class NoticeRow(Base):
    """Grain: one row per thing that is said of a version of a report.

    plain_sha256: of a corrected version's content as it is without what is said of it; null: of another kind.
    """

    __tablename__ = "notice"

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    asked_by: Mapped[str]
    plain_sha256: Mapped[str | None]
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class Notice:
    """Why a report was withdrawn or corrected, and who asked for that, as all its readers are told.

    Raises:
        ValueError: one of them is nothing, too long, or has characters that no line has.
    """

    reason: str
    asked_by: str

    def __post_init__(self) -> None:
        for name, text, most in (("reason", self.reason, 1_000), ("name of who asks", self.asked_by, 200)):
            if not text.strip() or not text.isprintable() or len(text) > most:
                raise ValueError(f"the {name} is one line of 1 to {most:,} characters.")


@dataclass(frozen=True)
class NewNotice:
    """What is said of a version as it is released. plain_sha256: as of NoticeRow."""

    kind: NoticeKind
    notice: Notice
    plain_sha256: str | None = None


class StandingVersion(NamedTuple):
    """The last version of a report. is_withdrawn: and that was not lifted. lifted: what was said as it was."""

    row: int
    sha256: str
    plain_sha256: str | None
    is_withdrawn: bool
    lifted: Notice | None

    def is_kept(self, sha256: str) -> bool:
        """Whether it stays what holds where content with that digest is released."""
        return self.is_withdrawn or sha256 in (self.sha256, self.plain_sha256)


def standing_versions(session: Session, identifiers: Iterable[str]) -> Mapping[str, StandingVersion]:
    """The last version of each report that has one, by identifier."""
    lifted, corrected = aliased(NoticeRow), aliased(NoticeRow)
    columns = (
        ReportRow.identifier,
        ReportRow.id,
        ReportRow.sha256,
        ReportRow.status,
        corrected.plain_sha256,
        lifted.reason,
        lifted.asked_by,
    )
    last = (
        select(*columns)
        .outerjoin(lifted, (lifted.report_id == ReportRow.id) & (lifted.kind == NoticeKind.LIFTED))
        .outerjoin(corrected, (corrected.report_id == ReportRow.id) & (corrected.kind == NoticeKind.CORRECTED))
        .where(ReportRow.identifier.in_(list(identifiers)), ReportRow.is_latest)
    )
    found = {}
    for identifier, row, sha256, status, plain, reason, asked_by in session.execute(last):
        said = None if reason is None else Notice(reason, asked_by)
        found[identifier] = StandingVersion(row, sha256, plain, status == WITHDRAWN and said is None, said)
    return found


def add_notices(session: Session, notices: Mapping[int, NewNotice], at: datetime) -> None:
    """Keep what is said of versions, by the ids of their rows."""
    if notices:
        rows = [
            {
                "report_id": report,
                "kind": new.kind,
                "reason": new.notice.reason,
                "asked_by": new.notice.asked_by,
                "plain_sha256": new.plain_sha256,
                "recorded_at": at,
            }
            for report, new in notices.items()
        ]
        session.execute(insert(NoticeRow), rows)


def gives_numbers() -> ColumnElement[bool]:
    """That a version told numbers to those who were given it, whatever became of it."""
    return ReportRow.status != WITHDRAWN


def is_known() -> ColumnElement[bool]:
    """That a version's numbers hold, or held until the report was withdrawn: who had them has them still."""
    last, between = aliased(ReportRow), aliased(ReportRow)
    withdrawn = exists().where(last.identifier == ReportRow.identifier, last.is_current, last.status == WITHDRAWN)
    later = exists().where(
        between.identifier == ReportRow.identifier, between.version > ReportRow.version, between.status != WITHDRAWN
    )
    return gives_numbers() & or_(ReportRow.is_current, withdrawn & ~later)


def withdrawn_since() -> ColumnElement[int | None]:
    """The version in which a version's report was withdrawn after it, last; null: it was not."""
    later = aliased(ReportRow)
    return (
        select(func.max(later.version))
        .where(later.identifier == ReportRow.identifier, later.version > ReportRow.version, later.status == WITHDRAWN)
        .correlate(ReportRow)
        .scalar_subquery()
    )
