"""Which organisation follows which, and what a reader has by that on a day."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.successions import EndedOrganisation, Succession, Successions
from hi_fhir.store.account_models import AccountRow
from hi_fhir.store.client_models import ClientRow
from hi_fhir.store.criteria import Reader
from hi_fhir.store.models import PUBLIC, MembershipRow, ReportRow
from hi_fhir.store.succession_models import SuccessionRow

_COLUMNS = (SuccessionRow.organisation, SuccessionRow.successor, SuccessionRow.starts)
_AT_ONCE = 500  # codes in one query


class ReaderToday(NamedTuple):
    """reader: with what it reaches. ended: those of its organisations that are no more."""

    reader: Reader
    ended: tuple[EndedOrganisation, ...]

    @property
    def is_over(self) -> bool:
        """Whether none of its organisations is there any more."""
        return bool(self.ended) and len(self.ended) == len(self.reader.organisations or ())


def record_successions(session: Session, successions: Iterable[Succession], at: datetime) -> None:
    """Have these hold in place of those that were imported before, which are kept."""
    wanted = set(successions)
    latest = select(*_COLUMNS, SuccessionRow.id).where(SuccessionRow.is_latest)
    there = {Succession(*row[:3]): row[3] for row in session.execute(latest)}
    gone = [id_ for one, id_ in there.items() if one not in wanted]
    for start in range(0, len(gone), _AT_ONCE):
        some = update(SuccessionRow).where(SuccessionRow.id.in_(gone[start : start + _AT_ONCE]))
        session.execute(some.values(is_latest=False))
    common = {"audience": PUBLIC, "recorded_at": at, "is_latest": True}
    rows = [
        {**common, "organisation": one.predecessor, "successor": one.successor, "starts": one.starts}
        for one in sorted(wanted - there.keys())
    ]
    if rows:
        session.execute(insert(SuccessionRow), rows)


def successions_of(session: Session, codes: Collection[str]) -> Successions:
    """All that lead from these organisations or to them, over any number of others."""
    known: set[Succession] = set()
    waiting, seen = set(codes), set[str]()
    while waiting:
        some = sorted(waiting)[:_AT_ONCE]
        touching = or_(SuccessionRow.organisation.in_(some), SuccessionRow.successor.in_(some))
        rows = session.execute(select(*_COLUMNS).where(SuccessionRow.is_latest, touching))
        found = {Succession(*row) for row in rows}
        known |= found
        seen.update(some)
        waiting = (waiting | {code for one in found for code in one[:2]}) - seen
    return Successions(known)


def reader_on(session: Session, reader: Reader, day: date) -> ReaderToday:
    """A reader with what its organisations reach on a day: what is theirs, and their predecessors'.

    One that ended reaches nothing, and exact reports have no heir.
    """
    if reader.organisations is None:
        return ReaderToday(reader, ())
    known = successions_of(session, reader.organisations)
    ended = known.ended(reader.organisations, day)
    there = reader.organisations - {one.code for one in ended}
    passes_on = reader.audience != Audience.PRACTICE
    inherited = frozenset[str]().union(*(known.inherited(code, day) for code in there if passes_on))
    return ReaderToday(replace(reader, reach=frozenset(there | inherited)), tuple(ended))


def end_of(session: Session, reader: Reader) -> date | None:
    """The first day on which none of a reader's organisations is there; None: no such day is known."""
    if not reader.organisations:
        return None
    known = successions_of(session, reader.organisations)
    ends = [known.end(code) for code in reader.organisations]
    found = [end for end in ends if end is not None]
    return max(found) if len(found) == len(ends) else None


def organisations_here(session: Session) -> frozenset[str]:
    """Organisations of which something is kept here: reports, what belonged to them, clients, or accounts."""
    columns = (
        ReportRow.organisation,
        MembershipRow.organisation,
        MembershipRow.pcn,
        MembershipRow.icb,
        ClientRow.organisation,
        AccountRow.organisation,
    )
    found = {code for column in columns for code in session.scalars(select(column).distinct())}
    return frozenset(code for code in found if code is not None)
