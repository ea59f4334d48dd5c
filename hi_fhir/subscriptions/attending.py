"""What is done about a subscription that something is due of: a handshake, what happened, a sign of life, its end.

A subscription is leased for each step, so that one process alone tells it anything, in the order of its events. What
was told is noted before the next is; a process that is killed in between has it told again.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from hi_fhir.core.clock import Clock
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import canonical_json
from hi_fhir.core.sealing import Seal
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store import subscriptions as store
from hi_fhir.store.audit_events import Note, unheard
from hi_fhir.store.clients import REVOKED
from hi_fhir.store.search import StoredVersion, organisation_of
from hi_fhir.store.session import Store
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.store.subscriptions import SubscriptionEvent
from hi_fhir.subscriptions.asked import WantedSubscription
from hi_fhir.subscriptions.guide import Content, NotificationKind
from hi_fhir.subscriptions.notifications import SubscriptionStanding, as_resource, bundle
from hi_fhir.subscriptions.resource import as_asked
from hi_fhir.subscriptions.rights import is_revoked, over, over_at, told_today
from hi_fhir.subscriptions.sending import Call, FailedCallError, Sender

log = logging.getLogger(__name__)

_LEASE_S = 5  # beyond what the calls of a step may take: each to connect, to send and to be answered
_LONGEST_PAUSE_S = 3_600
_LONGEST_ASKED_S = 3_600  # that a Retry-After is heard


@dataclass(frozen=True)
class Terms:
    """base: FHIR base that links begin with. topic: its canonical URL. patience: how long failures are tried again.

    needs_agreements: whether a report is told of only while the practices behind it have agreed.
    """

    base: str
    topic: str
    patience: timedelta = timedelta(days=7)
    needs_agreements: bool = False


@dataclass(frozen=True)
class _Step:
    """What is to be sent. told_from, told_up_to: the number that was acknowledged before, and that is by it."""

    id: str
    calls: Sequence[Call]
    asked: WantedSubscription
    told_from: int
    told_up_to: int


class Attendant:
    """Attends to one subscription at a time; several attend to several. note: of what is not told."""

    def __init__(
        self, store_: Store, clock: Clock, seal: Seal, sender: Sender, terms: Terms, note: Note = unheard
    ) -> None:
        self._store = store_
        self._clock = clock
        self._seal = seal
        self._sender = sender
        self._terms = terms
        self._note = note
        self._name = str(uuid4())

    def attend(self, id_: int) -> bool:
        """Do one step of what is due, by the id of the row; whether more is due at once."""
        step = self._begin(id_)
        if step is None:
            return False
        failure: FailedCallError | None = None
        try:
            for call in step.calls:
                self._sender.send(call, step.asked.headers, step.asked.timeout_s)
        except FailedCallError as error:
            failure = error
            log.warning("subscription %s: %s", step.id, error)
        return self._settle(id_, step, failure)

    def _begin(self, id_: int) -> _Step | None:
        """What is to be sent. Of one that ends as its organisations did, a last word: once, whatever comes of it."""
        now = self._clock.now()
        with self._store.write() as session:
            row = store.lease(session, id_, self._name, now, now + timedelta(seconds=_LEASE_S))
            if row is None:
                return None
            try:
                asked = as_asked(row, self._seal)
            except (ConfigError, FhirError, ValueError) as error:
                store.give_up(row, f"what was kept of it cannot be read: {error}", now)
                return None
            if asked.end is not None and asked.end <= now:
                store.end_subscription(row, now)
                return None
            if is_revoked(session, row):
                store.end_subscription(row, now, REVOKED)
                return None
            if (why := over(session, row, now)) is not None:
                store.end_subscription(row, now, f"{why}: nobody is told in its name any more.")
                return self._told(row, asked, NotificationKind.HEARTBEAT, now) if asked.is_topic else None
            step = self._step(session, row, asked, now)
            if step is None:
                row.due_at, row.leased_until = _next(row, asked, _end(session, row, asked)), None
                return None
            row.leased_until = now + timedelta(seconds=_LEASE_S + 3 * asked.timeout_s * len(step.calls))
            return step

    def _step(self, session: Session, row: SubscriptionRow, asked: WantedSubscription, now: datetime) -> _Step | None:
        if row.status == "requested":
            if not asked.is_topic:  # R4's own form has no handshake
                return _Step(row.resource_id, (), asked, row.acknowledged, row.acknowledged)
            return self._told(row, asked, NotificationKind.HANDSHAKE, now)
        if row.status != "active":
            return None
        if row.acknowledged < row.last_number:
            first = row.acknowledged + 1
            most = asked.most if asked.is_topic else 1
            pending = store.events(session, row, first, row.last_number, most)
            reports = [one.report for one in pending]
            readable = told_today(session, row, reports, self._terms.needs_agreements, now, self._note)
            full = asked.content is Content.FULL_RESOURCE
            versions = store.contents(session, readable) if full else {}
            last = pending[-1].number
            if asked.is_topic:
                about = self._about(row, asked)
                body = bundle(about, NotificationKind.EVENT, asked.content, now, pending, readable, versions)
                return _Step(row.resource_id, (self._post(asked, body),), asked, row.acknowledged, last)
            calls = tuple(self._as_search_form(session, asked, pending, versions))
            return _Step(row.resource_id, calls, asked, row.acknowledged, last)
        if asked.heartbeat_s is not None and _beat(row, asked) <= now:
            return self._told(row, asked, NotificationKind.HEARTBEAT, now)
        return None

    def _as_search_form(
        self,
        session: Session,
        asked: WantedSubscription,
        pending: Sequence[SubscriptionEvent],
        versions: dict[int, StoredVersion],
    ) -> Iterator[Call]:
        """What R4's own form sends: each report by PUT, its reporter before it, or a call without a body."""
        for event in pending:
            version = versions.get(event.report)
            if asked.media_type is None:
                yield Call("POST", asked.endpoint, b"", None)
            elif version is not None:
                reporter = organisation_of(session.connection(), event.report)
                for resource in (*([as_resource(reporter)] if reporter else ()), as_resource(version)):
                    url = f"{asked.endpoint.rstrip('/')}/{resource['resourceType']}/{resource['id']}"
                    yield Call("PUT", url, canonical_json(resource), asked.media_type)

    def _told(self, row: SubscriptionRow, asked: WantedSubscription, told: NotificationKind, now: datetime) -> _Step:
        body = bundle(self._about(row, asked), told, asked.content, now)
        return _Step(row.resource_id, (self._post(asked, body),), asked, row.acknowledged, row.acknowledged)

    def _about(self, row: SubscriptionRow, asked: WantedSubscription) -> SubscriptionStanding:
        named = asked.content is not Content.EMPTY
        topic = self._terms.topic if named else None
        standing = (row.status, row.last_number, row.error if row.status == "off" else None)
        return SubscriptionStanding(self._terms.base, row.resource_id, topic, *standing)

    def _post(self, asked: WantedSubscription, body: bytes) -> Call:
        return Call("POST", asked.endpoint, body, asked.media_type)

    def _settle(self, id_: int, step: _Step, failure: FailedCallError | None) -> bool:
        now = self._clock.now()
        with self._store.write() as session:
            row = store.leased(session, id_, self._name)
            if row is None or row.is_deleted or row.status not in store.LIVE:
                return False
            row.leased_by = row.leased_until = None
            end = _end(session, row, step.asked)
            if failure is None:
                self._told_well(row, step, end, now)
            else:
                self._told_ill(row, failure, end, now)
            return failure is None and row.due_at is not None and row.due_at <= now

    def _told_well(self, row: SubscriptionRow, step: _Step, end: datetime | None, now: datetime) -> None:
        if row.status == "requested":
            row.status, row.updated_at = "active", now
            row.version += 1
        if row.acknowledged == step.told_from:  # else the operator has it told anew
            row.acknowledged = step.told_up_to
        row.tries, row.failing_since, row.error, row.told_at = 0, None, None, now
        row.due_at = now if row.acknowledged < row.last_number else _next(row, step.asked, end)

    def _told_ill(self, row: SubscriptionRow, failure: FailedCallError, end: datetime | None, now: datetime) -> None:
        since = row.failing_since or now
        if row.status == "requested" or now - since >= self._terms.patience:
            store.give_up(row, str(failure), now)
            row.due_at = end
            return
        row.tries += 1
        row.failing_since, row.error = since, str(failure)
        row.due_at = now + timedelta(seconds=pause_s(row.tries, failure.wait_s))


def pause_s(tries: int, asked_s: int = 0) -> int:
    """Seconds to the next try after so many that failed: 1, 2, 4 and so on to an hour, or as long as was asked for."""
    own: int = min(2 ** min(tries - 1, 12), _LONGEST_PAUSE_S)
    return max(own, min(asked_s, _LONGEST_ASKED_S))


def _beat(row: SubscriptionRow, asked: WantedSubscription) -> datetime:
    return (row.told_at or row.updated_at) + timedelta(seconds=asked.heartbeat_s or 0)


def _end(session: Session, row: SubscriptionRow, asked: WantedSubscription) -> datetime | None:
    """When it ends: by its client's own wish, or with the last of the organisations whose it is."""
    return min((one for one in (asked.end, over_at(session, row)) if one is not None), default=None)


def _next(row: SubscriptionRow, asked: WantedSubscription, end: datetime | None) -> datetime | None:
    """When there is something to do although nothing happens."""
    beats = [_beat(row, asked)] if row.status == "active" and asked.heartbeat_s is not None else []
    return min([*beats, *([end] if end else [])], default=None)
