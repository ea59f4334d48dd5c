"""What a subscriber may be told of on the day on which it is told, and until when it may be told anything."""

from collections.abc import Collection
from datetime import datetime, time

from sqlalchemy.orm import Session

from hi_fhir.core.days import LONDON
from hi_fhir.store import subscriptions as store
from hi_fhir.store.agreements import agreed_reports
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, Note, unheard
from hi_fhir.store.clients import client
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.store.successions import end_of, reader_on


def told_today(
    session: Session,
    row: SubscriptionRow,
    reports: Collection[int],
    needs_agreements: bool,
    at: datetime,
    note: Note = unheard,
) -> frozenset[int]:
    """Of versions of reports, by the ids of their rows, those that it may have now; of others it is told the number.

    needs_agreements: whether the practices behind a report have to agree still. note: of those that do not.
    """
    day = at.astimezone(LONDON).date()
    found = store.readable(session, reader_on(session, store.owner(row), day).reader, reports)
    if not needs_agreements:
        return frozenset(found)
    agreed = frozenset(agreed_reports(session, found, day))
    if len(agreed) < len(found):
        note(_refused(row))
    return agreed


def _refused(row: SubscriptionRow) -> AuditNote:
    return AuditNote(
        AuditOutcome.REFUSED,
        AuditReason.AGREEMENT,
        organisation=", ".join(row.organisations or ()) or None,
        audience=row.audience,
        resource_type="Subscription",
        resource_id=row.resource_id,
    )


def is_revoked(session: Session, row: SubscriptionRow) -> bool:
    """Whether the client that made a subscription has no right any more, as where it was revoked as it subscribed."""
    return row.client_id is not None and client(session, row.client_id) is None


def over(session: Session, row: SubscriptionRow, at: datetime) -> str | None:
    """Why nobody is told anything by a subscription any more: all whose it is ended; None: they did not."""
    today = reader_on(session, store.owner(row), at.astimezone(LONDON).date())
    return "; ".join(map(str, today.ended)) if today.is_over else None


def over_at(session: Session, row: SubscriptionRow) -> datetime | None:
    """From when on that is so; None: it is not known to end."""
    day = end_of(session, store.owner(row))
    return None if day is None else datetime.combine(day, time(), LONDON)
