"""The state of the service, for who runs it: what was released, sent, told and refused, and no number of people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from hi_fhir.pages.data_history import SubscriberLine, subscriber_line
from hi_fhir.store import subscriptions
from hi_fhir.store.service_counts import (
    Refusals,
    ReleasedOnce,
    SentReports,
    newest_releases,
    refusals,
    sent_reports,
)

DAYS = 7
"""Of refusals that are shown."""
_RELEASES = 20


class ServiceState(NamedTuple):
    """released: the latest first. subscribers: everybody's."""

    released: Sequence[ReleasedOnce]
    sent: Sequence[SentReports]
    subscribers: Sequence[SubscriberLine]
    refused: Sequence[Refusals]


def service_state(session: Session, now: datetime) -> ServiceState:
    return ServiceState(
        released=newest_releases(session, _RELEASES),
        sent=sent_reports(session),
        subscribers=[subscriber_line(row) for row in subscriptions.every(session) if not row.is_deleted],
        refused=refusals(session, now - timedelta(days=DAYS)),
    )
