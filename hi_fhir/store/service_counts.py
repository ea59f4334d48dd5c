"""What a service gave out, sent and refused, over all readers: how much and when, and no number of people."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hi_fhir.store.audit_events import AuditOutcome
from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.models import Delivery, Release, ReportRow
from hi_fhir.store.notices import gives_numbers


class ReleasedOnce(NamedTuple):
    """What was released of an evaluation to an audience. versions: of reports."""

    on: datetime
    evaluation: str
    audience: str
    policy: str
    policy_version: str
    versions: int


class SentReports(NamedTuple):
    """The newest try of each report, by what came of it. on: of the last of them."""

    target: str
    status: str
    reports: int
    on: datetime


class Refusals(NamedTuple):
    """last: when the last of them was."""

    reason: str
    times: int
    last: datetime


def newest_releases(session: Session, most: int) -> list[ReleasedOnce]:
    """The latest first."""
    on = func.max(ReportRow.recorded_at)
    named = (Release.evaluation_id, Release.audience, Release.policy_id, Release.policy_version)
    found = select(on, *named, func.count()).join(ReportRow).where(gives_numbers()).group_by(*named)
    return [ReleasedOnce(*row) for row in session.execute(found.order_by(on.desc(), *named).limit(most))]


def sent_reports(session: Session) -> list[SentReports]:
    """In order of server and of what came of it."""
    newest = select(func.max(Delivery.number)).join(ReportRow).group_by(Delivery.target, ReportRow.identifier)
    named = (Delivery.target, Delivery.status)
    found = select(*named, func.count(), func.max(Delivery.recorded_at)).where(Delivery.number.in_(newest))
    return [SentReports(*row) for row in session.execute(found.group_by(*named).order_by(*named))]


def refusals(session: Session, since: datetime) -> list[Refusals]:
    """The most frequent first."""
    times = func.sum(AuditEventRow.times)
    is_asked = (AuditEventRow.outcome == AuditOutcome.REFUSED, AuditEventRow.recorded_at >= since)
    found = select(AuditEventRow.reason, times, func.max(AuditEventRow.last_at)).where(*is_asked)
    grouped = found.group_by(AuditEventRow.reason).order_by(times.desc(), AuditEventRow.reason)
    return [Refusals(*row) for row in session.execute(grouped)]
