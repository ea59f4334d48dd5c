"""Audit events: what there is to say of one, how it is kept, found and forgotten.

An event has who, when, which route and which resource; never a value of a record, of a search or of a token.
"""

import getpass
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, func, not_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.conditions import all_of, is_at
from hi_fhir.store.criteria import AuditCriteria
from hi_fhir.store.search import LAST

_PREFIX, _DIGITS = "ae-", 9
_AT_ONCE = 5_000  # rows that are forgotten in one transaction


class AuditOutcome(StrEnum):
    """overflow: so many events that they were counted, and not kept one by one."""

    REFUSED = "refused"
    SHOWN = "shown"
    OVERFLOW = "overflow"


OUTCOME_CODES = {AuditOutcome.SHOWN: "0", AuditOutcome.REFUSED: "4", AuditOutcome.OVERFLOW: "8"}
"""As FHIR has them: success, minor failure, serious failure. Source: R4 AuditEventOutcome."""


class AuditReason(StrEnum):
    """Why something was refused, or what was shown."""

    NO_TOKEN = "no-token"  # noqa: S105  what is not there
    TOKEN_NOT_GOOD = "token-not-good"  # noqa: S105
    SCOPE = "scope"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    TOO_MANY = "too-many"
    TOKEN_REFUSED = "token-refused"  # noqa: S105
    LOG_IN = "log-in"
    ASSERTION_REPLAYED = "assertion-replayed"
    SUBSCRIPTION_REFUSED = "subscription-refused"
    AGREEMENT = "agreement"
    ANOTHER_HOST = "another-host"
    PERSON_LEVEL = "person-level"
    MORE_THAN_KEPT = "more-than-kept"


@dataclass(frozen=True)
class AuditNote:
    """What is kept of an event, but for when it was. Equal ones within a minute are one, with how often.

    The fields are as of `AuditEventRow`.
    """

    outcome: AuditOutcome
    reason: AuditReason
    client_id: str | None = None
    organisation: str | None = None
    audience: str | None = None
    peer: str | None = None
    user_name: str | None = None
    method: str | None = None
    route: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None

    def row(self, first: datetime, last: datetime, times: int) -> AuditEventRow:
        return AuditEventRow(recorded_at=first, last_at=last, times=times, **vars(self))


Note = Callable[[AuditNote], None]
"""Takes a note of what happened, without waiting for the store."""


def unheard(_note: AuditNote) -> None:
    """Where nobody takes notes."""


def keep_event(session: Session, note: AuditNote, at: datetime) -> None:
    """Keep an event by itself, with what it is about or before it."""
    session.add(note.row(at, at, 1))


def record_at_once(session: Session, note: AuditNote, at: datetime, kept: timedelta) -> None:
    """Keep an event of a command. What is older than what is kept is forgotten, a part of it at a time."""
    keep_event(session, note, at)
    forget(session, at - kept)


def forget(session: Session, before: datetime) -> bool:
    """Remove a part of the events from before; whether there may be more."""
    old = select(AuditEventRow.id).where(AuditEventRow.recorded_at < before).order_by(AuditEventRow.id).limit(_AT_ONCE)
    ids = session.scalars(old).all()
    if ids:
        session.execute(delete(AuditEventRow).where(AuditEventRow.id.in_(ids)))
    return len(ids) == _AT_ONCE


def local_user() -> str:
    """Who runs this process, as this machine names them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a number without a name, as in containers
        return f"uid {os.getuid()}"


@dataclass(frozen=True)
class AuditPage:
    """total: of all that was asked for; None: it was not. is_more: others follow."""

    total: int | None
    rows: Sequence[AuditEventRow]
    is_more: bool


def find_events(
    session: Session,
    criteria: AuditCriteria,
    limit: int,
    after: int | None = None,
    *,
    newest_first: bool = False,
    with_total: bool = True,
) -> AuditPage:
    """Events in the order in which they were kept. after: the id of the row that was shown last."""
    wanted = _conditions(criteria)
    total = None
    if with_total:
        total = session.scalar(select(func.count()).select_from(AuditEventRow).where(wanted))
    if not limit:
        return AuditPage(total, [], False)
    found = select(AuditEventRow).where(wanted)
    if after is not None:
        found = found.where(AuditEventRow.id < after if newest_first else AuditEventRow.id > after)
    found = found.order_by(AuditEventRow.id.desc() if newest_first else AuditEventRow.id)
    rows = session.scalars(found.limit(limit + 1)).all()
    return AuditPage(total, rows[:limit], len(rows) > limit)


def event_row(session: Session, id_: str) -> AuditEventRow | None:
    """An event by its id over FHIR."""
    number = number_of(id_)
    return None if number is None else session.get(AuditEventRow, number)


def event_id(number: int) -> str:
    """The id over FHIR of a row; in order of when they were kept."""
    return f"{_PREFIX}{number:0{_DIGITS}d}"


def number_of(id_: str) -> int | None:
    """The id of the row that has this one over FHIR; None: none can have it."""
    digits = id_.removeprefix(_PREFIX)
    if not digits.isascii() or not digits.isdecimal() or len(digits) > _DIGITS + 1 or int(digits) > LAST:
        return None
    return int(digits) if event_id(int(digits)) == id_ else None


def _conditions(asked: AuditCriteria) -> ColumnElement[bool]:
    row = AuditEventRow
    return and_(
        all_of(asked.ids, lambda id_: row.id == id_),
        all_of(asked.times, lambda at: is_at(at, row.recorded_at)),
        all_of(asked.clients, lambda client: row.client_id == client),
        all_of(asked.organisations, lambda code: row.organisation == code),
        all_of(asked.peers, lambda peer: row.peer == peer),
        all_of(asked.outcomes, lambda outcome: row.outcome == outcome),
        *(_lacks(row.client_id, one) for one in asked.without_client),
        *(_lacks(row.organisation, one) for one in asked.without_organisation),
        *(not_(func.coalesce(_conditions(one), False)) for one in asked.none_of),
    )


def _lacks(column: InstrumentedAttribute[str | None], is_absent: bool) -> ColumnElement[bool]:
    return column.is_(None) if is_absent else column.is_not(None)
