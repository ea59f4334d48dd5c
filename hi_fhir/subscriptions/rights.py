"""What a subscriber may be told of on the day on which it is told."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from hi_fhir.core.days import LONDON
from hi_fhir.store import subscriptions as store
from hi_fhir.store.agreements import agreed_reports
from hi_fhir.store.subscription_models import SubscriptionRow


def told_today(
    session: Session, row: SubscriptionRow, reports: Collection[int], needs_agreements: bool, at: datetime
) -> frozenset[int]:
    """Of versions of reports, by the ids of their rows, those that it may have now; of others it is told the number.

    needs_agreements: whether the practices behind a report have to agree still.
    """
    found = store.readable(session, store.owner(row), reports)
    return frozenset(agreed_reports(session, found, at.astimezone(LONDON).date()) if needs_agreements else found)
