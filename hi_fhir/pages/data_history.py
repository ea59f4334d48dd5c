"""What became of an area's reports once they were released: corrected, withdrawn, sent, told to subscribers."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from hi_fhir.store import subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import CurrentReport
from hi_fhir.store.deliveries import TriedReport, tried_reports
from hi_fhir.store.given import GivenReports, SaidNotice, given_reports, said_notices
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.subscriptions.resource import endpoint_host


class SubscriberLine(NamedTuple):
    """behind: events that it was not told of yet. next_try: None where nothing is due."""

    host: str
    whose: str
    status: str
    behind: int
    last_error: str | None
    next_try: datetime | None


class ServerLine(NamedTuple):
    """taken, failed: of the reports shown, in their last version; untried: those that are still to be sent. on: of the
    newest try. last_error: of the newest that failed."""

    target: str
    taken: int
    failed: int
    untried: int
    on: datetime
    last_error: str | None


class DataHistory(NamedTuple):
    """given: the latest release first. said: corrections and withdrawals, the latest first."""

    given: Sequence[GivenReports]
    said: Sequence[SaidNotice]
    servers: Sequence[ServerLine]
    subscribers: Sequence[SubscriberLine]


def data_history(session: Session, reader: Reader, code: str, reports: Sequence[CurrentReport]) -> DataHistory:
    """Of an area. reports: those whose delivery is looked at. Subscribers are those of the reader's organisations."""
    codes = reader.reached
    return DataHistory(
        given=tuple(given_reports(session, reader.audience, codes, code)),
        said=tuple(said_notices(session, reader.audience, codes, code)),
        servers=tuple(_servers(tried_reports(session, [one.identifier for one in reports]), len(reports))),
        subscribers=tuple(subscriber_line(row) for row in subscriptions.within(session, reader)),
    )


def _servers(tried: Sequence[TriedReport], reports: int) -> list[ServerLine]:
    found = []
    for target in dict.fromkeys(one.target for one in tried):
        own = [one for one in tried if one.target == target]
        failed = [one for one in own if one.failed]
        taken = sum(one.is_sent for one in own)
        newest = max(own, key=lambda one: one.on)
        error = max(failed, key=lambda one: one.on).outcome if failed else None
        found.append(ServerLine(target, taken, len(failed), reports - taken - len(failed), newest.on, error))
    return found


def subscriber_line(row: SubscriptionRow) -> SubscriberLine:
    whose = ", ".join(row.organisations) if row.organisations is not None else "all organisations"
    behind = row.last_number - row.acknowledged
    return SubscriberLine(endpoint_host(row), whose, row.status, behind, row.error, row.due_at)
