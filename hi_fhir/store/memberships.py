"""Which practice belonged to which network and board on the reference date of a release, as that release counted it.

Kept beside the reports, in their transaction: who may read a report is decided by what it was made by, wherever that
was known from, and by the day that it is of.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from hi_fhir.store.models import PUBLIC, MembershipRow


class DayMembership(NamedTuple):
    """Of one day. ODS codes. None: not known, or to none."""

    practice: str
    pcn: str | None
    icb: str | None


def record_memberships(session: Session, as_of: date, memberships: Iterable[DayMembership], at: datetime) -> None:
    """Keep what a release says of a day, where nothing else or something else was said of that day before."""
    there = {one.practice: one for one in memberships_on(session, as_of)}
    new = [one for one in memberships if there.get(one.practice) != one]
    changed = [one.practice for one in new if one.practice in there]
    if changed:
        earlier = update(MembershipRow).where(MembershipRow.as_of == as_of, MembershipRow.organisation.in_(changed))
        session.execute(earlier.values(is_latest=False))
    if new:
        common = {"audience": PUBLIC, "recorded_at": at, "as_of": as_of, "is_latest": True}
        rows = [{**common, "organisation": one.practice, "pcn": one.pcn, "icb": one.icb} for one in new]
        session.execute(insert(MembershipRow), rows)


def memberships_on(session: Session, as_of: date) -> list[DayMembership]:
    """What holds of a day, in order of practice."""
    columns = (MembershipRow.organisation, MembershipRow.pcn, MembershipRow.icb)
    of_day = select(*columns).where(MembershipRow.as_of == as_of, MembershipRow.is_latest)
    return [DayMembership(*row) for row in session.execute(of_day.order_by(MembershipRow.organisation))]
