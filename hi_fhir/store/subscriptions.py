"""Subscriptions as the store keeps them: whose each is, what it has been told, and what is to be done about it next.

What is due is done by one process at a time, which leases the subscription before. A lease ends by itself, so that what
a process was about when it was killed is done again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, func, insert, or_, select, true, type_coerce
from sqlalchemy.orm import Session, aliased
from sqlalchemy.types import LargeBinary

from hi_fhir.core.audiences import Audience
from hi_fhir.store.criteria import Reader, ReportCriteria
from hi_fhir.store.models import ReportContent, ReportRow
from hi_fhir.store.notices import WITHDRAWN, withdrawn_since
from hi_fhir.store.readable import has_report
from hi_fhir.store.search import StoredVersion, report_conditions
from hi_fhir.store.subscription_models import SubscriptionEventRow, SubscriptionRow

_MOST = 2**31 - 1
"""The largest number that a column of numbers can have, and so be asked for."""

LIVE = ("requested", "active", "error")
"""Statuses in which events get numbers: all but off."""


@dataclass(frozen=True)
class NewSubscription:
    """content: the resource as its client wants it, without header values. due_at: when its handshake is.

    client: the registered one that made it; None: nobody logs in.
    """

    id: str
    reader: Reader
    content: str
    headers: bytes
    status: str
    due_at: datetime | None
    client: str | None = None


class SubscriptionEvent(NamedTuple):
    """report: the id of a version's row; resource_id: of the MeasureReport."""

    number: int
    report: int
    resource_id: str
    recorded_at: datetime


def add(session: Session, new: NewSubscription, at: datetime) -> SubscriptionRow:
    row = SubscriptionRow(
        resource_id=new.id,
        version=1,
        audience=new.reader.audience,
        organisations=new.reader.named,
        client_id=new.client,
        recorded_at=at,
        updated_at=at,
        content=new.content,
        headers=new.headers,
        status=new.status,
        is_deleted=False,
        last_number=0,
        acknowledged=0,
        due_at=new.due_at,
        tries=0,
    )
    session.add(row)
    session.flush()
    return row


def owner(row: SubscriptionRow) -> Reader:
    """Whose a subscription is, and so what it may be told of."""
    codes = None if row.organisations is None else frozenset(row.organisations)
    return Reader(Audience(row.audience), codes)


def of_reader(session: Session, reader: Reader, client: str | None) -> Sequence[SubscriptionRow]:
    """A reader's own, in order of id. Two readers have one only if they have all the same.

    client: the registered one that asks; None: nobody logs in. It has those that it made, and those that none did.
    """
    theirs = select(SubscriptionRow).where(SubscriptionRow.audience == reader.audience, ~SubscriptionRow.is_deleted)
    rows = session.scalars(theirs.order_by(SubscriptionRow.resource_id))
    return [row for row in rows if _is_of(row, reader, client)]


def _is_of(row: SubscriptionRow, reader: Reader, client: str | None) -> bool:
    return owner(row) == reader and row.client_id in (None, client)


def of_client(session: Session, client: str) -> Sequence[SubscriptionRow]:
    """Those that a registered client made, in order of id."""
    made = select(SubscriptionRow).where(SubscriptionRow.client_id == client, ~SubscriptionRow.is_deleted)
    return session.scalars(made.order_by(SubscriptionRow.id)).all()


def within(session: Session, reader: Reader) -> list[SubscriptionRow]:
    """Those of the organisations that a reader is of, in order of id: whoever's of the audience where it is of all."""
    theirs = select(SubscriptionRow).where(SubscriptionRow.audience == reader.audience, ~SubscriptionRow.is_deleted)
    rows = session.scalars(theirs.order_by(SubscriptionRow.resource_id))
    own = reader.organisations
    return [row for row in rows if own is None or (row.organisations is not None and own >= {*row.organisations})]


def one_of_reader(
    session: Session, reader: Reader, client: str | None, id_: str, *, lock: bool = False
) -> SubscriptionRow | None:
    """One of those of `of_reader` by its id, deleted or not; lock: for as long as the transaction lasts."""
    query = select(SubscriptionRow).where(SubscriptionRow.resource_id == id_)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    return row if row is not None and _is_of(row, reader, client) else None


def every(session: Session) -> Sequence[SubscriptionRow]:
    """All that are there, whoever's they are: for the operator."""
    return session.scalars(
        select(SubscriptionRow).where(~SubscriptionRow.is_deleted).order_by(SubscriptionRow.resource_id)
    ).all()


def live(session: Session) -> Sequence[SubscriptionRow]:
    """Those whose events get numbers, locked in order of id so that no two writers wait for each other."""
    standing = select(SubscriptionRow).where(SubscriptionRow.status.in_(LIVE), ~SubscriptionRow.is_deleted)
    return session.scalars(standing.order_by(SubscriptionRow.id).with_for_update()).all()


def matching(session: Session, reader: Reader, criteria: ReportCriteria, reports: Collection[int]) -> list[int]:
    """Which of the versions, by the ids of their rows, a reader may have and the criteria find; in order.

    Whoever is told of complete reports alone is told that one was withdrawn.
    """
    in_any_status = report_conditions(replace(criteria, statuses=()))
    conditions = [
        has_report(reader.audience, reader.reached),
        or_(and_(true(), *report_conditions(criteria)), and_(ReportRow.status == WITHDRAWN, *in_any_status)),
        ReportRow.id.in_(reports),
    ]
    return list(session.scalars(select(ReportRow.id).where(*conditions).order_by(ReportRow.number)))


def add_events(session: Session, row: SubscriptionRow, reports: Sequence[int], at: datetime) -> None:
    """Give the next numbers to versions of reports. The row is locked."""
    if not reports:
        return
    first = row.last_number + 1
    events = [
        {"subscription_id": row.id, "number": number, "report_id": report, "recorded_at": at}
        for number, report in enumerate(reports, first)
    ]
    session.execute(insert(SubscriptionEventRow), events)
    row.last_number += len(reports)
    if row.status == "active" and row.tries == 0:
        row.due_at = at


def end_subscription(row: SubscriptionRow, at: datetime, told: str | None = None) -> None:
    """Turn it off: nobody is told anything more, and its events get no numbers. told: why, if not by its own wish."""
    row.status, row.error, row.due_at, row.updated_at = "off", told, None, at
    row.leased_by = row.leased_until = None
    row.version += 1


def give_up(row: SubscriptionRow, told: str, at: datetime) -> None:
    """Put it in error: nobody is told anything until its client sends it again. told: why, in our own words."""
    row.status, row.error, row.due_at, row.updated_at = "error", told, None, at
    row.leased_by = row.leased_until = None
    row.version += 1


def tell_anew(session: Session, row: SubscriptionRow, first: int, at: datetime) -> None:
    """Forget that events from `first` on were told. The row is locked, or its writer is the only one."""
    row.acknowledged = first - 1
    if row.status == "active" and row.tries == 0:
        row.due_at = at
    session.flush()


def events(
    session: Session, row: SubscriptionRow, first: int, last: int, limit: int | None = None
) -> list[SubscriptionEvent]:
    """Those with numbers from `first` to `last`, in order."""
    columns = (
        SubscriptionEventRow.number,
        ReportRow.id,
        ReportRow.resource_id,
        SubscriptionEventRow.recorded_at,
    )
    theirs = select(*columns).join(ReportRow, ReportRow.id == SubscriptionEventRow.report_id)
    theirs = theirs.where(
        SubscriptionEventRow.subscription_id == row.id,
        SubscriptionEventRow.number.between(min(first, _MOST), min(last, _MOST)),
    )
    return [
        SubscriptionEvent(*one) for one in session.execute(theirs.order_by(SubscriptionEventRow.number).limit(limit))
    ]


def readable(session: Session, reader: Reader, reports: Collection[int]) -> set[int]:
    """Which of the versions a reader may have today."""
    had = has_report(reader.audience, reader.reached)
    return set(session.scalars(select(ReportRow.id).where(ReportRow.id.in_(reports), had)))


def contents(session: Session, reports: Collection[int]) -> dict[int, StoredVersion]:
    """Versions of reports by the ids of their rows; of a report that was withdrawn since, the one that says so."""
    given = aliased(ReportRow)
    columns: tuple[Any, ...] = (
        ReportRow.id,
        given.resource_id,
        given.version,
        given.recorded_at,
        given.sha256,
        given.audience,
        given.organisation,
        type_coerce(ReportContent.content, LargeBinary),
    )
    version = func.coalesce(withdrawn_since(), ReportRow.version)
    is_given = and_(given.identifier == ReportRow.identifier, given.version == version)
    found = (
        select(*columns)
        .select_from(ReportRow)
        .join(given, is_given)
        .join(ReportContent, ReportContent.report_id == given.id)
    )
    return {row[0]: StoredVersion(*row[1:]) for row in session.execute(found.where(ReportRow.id.in_(reports)))}


def due(session: Session, at: datetime, limit: int, *, failing: bool | None = None) -> Sequence[tuple[int, int]]:
    """Ids of rows with something to be done that nobody has leased, and how often it failed; the earliest first.

    failing: of those alone that did not take it last time, or did; None: of all.
    """
    free = or_(SubscriptionRow.leased_until.is_(None), SubscriptionRow.leased_until <= at)
    waiting = select(SubscriptionRow.id, SubscriptionRow.tries).where(SubscriptionRow.due_at <= at, free)
    if failing is not None:
        waiting = waiting.where(SubscriptionRow.tries > 0 if failing else SubscriptionRow.tries == 0)
    return [(id_, tries) for id_, tries in session.execute(waiting.order_by(SubscriptionRow.due_at).limit(limit))]


def lease(session: Session, id_: int, worker: str, at: datetime, until: datetime) -> SubscriptionRow | None:
    """The row, for this worker alone, if something is due and nobody has it."""
    row = session.scalars(select(SubscriptionRow).where(SubscriptionRow.id == id_).with_for_update()).one()
    is_free = row.leased_until is None or row.leased_until <= at
    if not is_free or row.due_at is None or row.due_at > at:
        return None
    row.leased_by, row.leased_until = worker, until
    return row


def leased(session: Session, id_: int, worker: str) -> SubscriptionRow | None:
    """The row if this worker has it still."""
    row = session.scalars(select(SubscriptionRow).where(SubscriptionRow.id == id_).with_for_update()).one()
    return row if row.leased_by == worker else None
