"""Who may look at pages: people, each of one role and organisation, and their visits from log-in to log-out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hi_fhir.core.roles import Role
from hi_fhir.store.account_models import AccountRow, FailedLogInRow, VisitRow
from hi_fhir.store.criteria import Reader

_NUL = "\0"  # PostgreSQL keeps no text with it, and takes none to compare with


@dataclass(frozen=True)
class NewAccount:
    """id: what one logs in by. password: its hash, or else issuer: the provider that says who it is."""

    id: str
    name: str
    role: Role
    organisation: str | None
    password: str | None = None
    issuer: str | None = None


@dataclass(frozen=True)
class PagePerson:
    """Somebody who logged in to look at pages."""

    account_id: str
    name: str
    role: Role
    organisation: str | None

    @property
    def reader(self) -> Reader:
        return Reader(self.role.audience, None if self.organisation is None else frozenset({self.organisation}))


def add_account(session: Session, new: NewAccount, at: datetime) -> AccountRow:
    row = AccountRow(
        audience=new.role.audience,
        organisation=new.organisation,
        recorded_at=at,
        account_id=new.id,
        name=new.name,
        role=new.role,
        password=new.password,
        issuer=new.issuer,
    )
    session.add(row)
    session.flush()
    return row


def accounts(session: Session) -> Sequence[AccountRow]:
    """All that ever were, in order of when."""
    return session.scalars(select(AccountRow).order_by(AccountRow.id)).all()


def account(session: Session, id_: str) -> AccountRow | None:
    """An account, revoked or not."""
    if _NUL in id_:
        return None
    return session.scalars(select(AccountRow).where(AccountRow.account_id == id_)).one_or_none()


def revoke_account(session: Session, row: AccountRow, at: datetime) -> None:
    """End an account and its visits."""
    row.revoked_at = at
    end_visits(session, row)


def change_role(row: AccountRow, name: str, role: Role, organisation: str | None) -> None:
    row.name, row.role, row.audience, row.organisation = name, role, role.audience, organisation


def end_visits(session: Session, row: AccountRow) -> None:
    session.execute(delete(VisitRow).where(VisitRow.account_row_id == row.id))


def begin_visit(session: Session, row: AccountRow, token: str, ends_at: datetime, at: datetime) -> None:
    """Have a token be good until it is over; those that are over are forgotten."""
    session.execute(delete(VisitRow).where(VisitRow.ends_at < at))
    session.add(VisitRow(digest=_digest(token), account_row_id=row.id, ends_at=ends_at))


def visitor(session: Session, token: str, at: datetime) -> PagePerson | None:
    """Whose token it is, if it is good, as the account is now."""
    columns = (AccountRow.account_id, AccountRow.name, AccountRow.role, AccountRow.organisation)
    found = select(*columns).join(VisitRow, VisitRow.account_row_id == AccountRow.id)
    found = found.where(VisitRow.digest == _digest(token), VisitRow.ends_at > at, AccountRow.revoked_at.is_(None))
    row = session.execute(found).one_or_none()
    return None if row is None else PagePerson(row.account_id, row.name, Role(row.role), row.organisation)


def end_visit(session: Session, token: str) -> None:
    session.execute(delete(VisitRow).where(VisitRow.digest == _digest(token)))


def failures(session: Session, against: str, since: datetime) -> int:
    """Log-ins that failed and count against a name or a caller."""
    found = select(func.count()).where(FailedLogInRow.digest == _digest(against), FailedLogInRow.failed_at > since)
    return session.execute(found).scalar_one()


def note_failure(session: Session, against: Sequence[str], at: datetime, before: datetime) -> None:
    """Count one against each of them; those of before are forgotten."""
    session.execute(delete(FailedLogInRow).where(FailedLogInRow.failed_at <= before))
    session.add_all(FailedLogInRow(digest=_digest(one), failed_at=at) for one in against)


def forget_failures(session: Session, against: str) -> None:
    session.execute(delete(FailedLogInRow).where(FailedLogInRow.digest == _digest(against)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
