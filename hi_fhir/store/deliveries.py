"""What was sent where, and what came of it: a row for each try."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hi_fhir.store.models import Delivery, ReportRow
from hi_fhir.store.numbering import next_numbers


@dataclass(frozen=True)
class Delivered:
    """One try to send a version of a report. status: sent or failed."""

    identifier: str
    version: int
    target: str
    status: str
    http_status: int | None = None
    etag: str | None = None
    location: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class LastDelivery:
    version: int
    sha256: str
    status: str
    http_status: int | None
    etag: str | None
    location: str | None


def record_delivery(session: Session, delivered: Delivered, at: datetime) -> None:
    """Keep what came of sending a version of a report."""
    report = session.scalars(
        select(ReportRow).where(ReportRow.identifier == delivered.identifier, ReportRow.version == delivered.version)
    ).one()
    session.add(
        Delivery(
            audience=report.audience,
            organisation=report.organisation,
            recorded_at=at,
            report_id=report.id,
            number=next_numbers(session, Delivery.__tablename__, 1)[0],
            target=delivered.target,
            status=delivered.status,
            http_status=delivered.http_status,
            etag=delivered.etag,
            location=delivered.location,
            outcome=delivered.outcome,
        )
    )


def last_deliveries(session: Session, target: str) -> dict[str, LastDelivery]:
    """The newest try to send each report to `target`, by identifier, whatever came of it."""
    newest = (
        select(func.max(Delivery.number))
        .join(ReportRow)
        .where(Delivery.target == target)
        .group_by(ReportRow.identifier)
        .scalar_subquery()
    )
    rows = session.execute(select(Delivery, ReportRow).join(ReportRow).where(Delivery.number.in_(newest)))
    return {report.identifier: _last_delivery(delivery, report) for delivery, report in rows}


class TriedReport(NamedTuple):
    """The newest try to send any version of a report to a server. is_sent: its last version was taken. failed: whatever
    version it was, it was not; else an earlier one was taken. outcome: what came back, in our own words."""

    target: str
    identifier: str
    is_sent: bool
    failed: bool
    on: datetime
    outcome: str | None


def tried_reports(session: Session, identifiers: Sequence[str]) -> list[TriedReport]:
    """Of every server that any report was sent to, what came of these, in order of server and report."""
    targets = session.scalars(select(Delivery.target).distinct().order_by(Delivery.target)).all()
    columns = (
        *(Delivery.target, ReportRow.identifier, Delivery.status == "sent", ReportRow.is_latest),
        *(Delivery.recorded_at, Delivery.outcome),
    )
    found: dict[tuple[str, str], TriedReport] = {}
    for target in targets:
        tries = select(*columns).join(ReportRow).where(ReportRow.identifier.in_(identifiers), Delivery.target == target)
        for _, identifier, is_taken, is_latest, on, outcome in session.execute(tries.order_by(Delivery.number)):
            found[target, identifier] = TriedReport(
                target, identifier, is_taken and is_latest, not is_taken, on, outcome
            )
    return [found[place] for place in sorted(found)]


def _last_delivery(delivery: Delivery, report: ReportRow) -> LastDelivery:
    return LastDelivery(
        version=report.version,
        sha256=report.sha256,
        status=delivery.status,
        http_status=delivery.http_status,
        etag=delivery.etag,
        location=delivery.location,
    )
