"""Who may call the service: clients, each of one organisation, and the tokens that they have."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.client_models import AccessTokenRow, AssertionRow, ClientRow
from hi_fhir.store.criteria import Reader
from hi_fhir.store.subscriptions import LIVE, end_subscription, of_client, of_reader

REVOKED = "its client was revoked."
_NUL = "\0"  # PostgreSQL keeps no text with it, and takes none to compare with


@dataclass(frozen=True)
class NewClient:
    """scopes: the most that it is given. jwks: its public keys as JSON, or else jwks_url: where they are."""

    id: str
    name: str
    audience: Audience
    organisation: str
    scopes: str
    jwks: str | None = None
    jwks_url: str | None = None


@dataclass(frozen=True)
class Caller:
    """A client that showed a token. scopes: the token's."""

    client_id: str
    reader: Reader
    scopes: str


def add_client(session: Session, new: NewClient, at: datetime) -> None:
    session.add(
        ClientRow(
            audience=new.audience,
            organisation=new.organisation,
            recorded_at=at,
            client_id=new.id,
            name=new.name,
            scopes=new.scopes,
            jwks=new.jwks,
            jwks_url=new.jwks_url,
        )
    )


def clients(session: Session) -> Sequence[ClientRow]:
    """All that were ever registered, in order of when."""
    return session.scalars(select(ClientRow).order_by(ClientRow.id)).all()


def client(session: Session, id_: str) -> ClientRow | None:
    """A client that is not revoked."""
    if _NUL in id_:
        return None
    found = select(ClientRow).where(ClientRow.client_id == id_, ClientRow.revoked_at.is_(None))
    return session.scalars(found).one_or_none()


def revoke_client(session: Session, id_: str, at: datetime) -> bool:
    """End a client, its tokens and its subscriptions; whether there was one.

    Subscriptions that no client made end with the last client of their reader.
    """
    row = client(session, id_)
    if row is None:
        return False
    row.revoked_at = at
    session.flush()
    ended = [*of_client(session, id_)]
    same = (ClientRow.audience == row.audience, ClientRow.organisation == row.organisation)
    if session.scalars(select(ClientRow.id).where(*same, ClientRow.revoked_at.is_(None))).first() is None:
        reader = Reader(Audience(row.audience), frozenset({row.organisation}))
        ended += of_reader(session, reader, None)
    for subscription in ended:
        if subscription.status in LIVE:
            end_subscription(subscription, at, REVOKED)
    session.execute(delete(AccessTokenRow).where(AccessTokenRow.client_row_id == row.id))
    return True


def take_assertion(session: Session, row: ClientRow, jti: str, expires_at: datetime, at: datetime) -> bool:
    """Note an assertion of a client's; whether it is the first of its id. Those that are over are forgotten."""
    session.execute(delete(AssertionRow).where(AssertionRow.expires_at < at))
    if _NUL in jti or session.get(AssertionRow, (row.id, jti)) is not None:
        return False
    session.add(AssertionRow(client_row_id=row.id, jti=jti, expires_at=expires_at))
    return True


def keep_token(session: Session, row: ClientRow, token: str, scopes: str, expires_at: datetime, at: datetime) -> None:
    """Have a token be good until it is over; those that are over are forgotten."""
    session.execute(delete(AccessTokenRow).where(AccessTokenRow.expires_at < at))
    session.add(AccessTokenRow(digest=_digest(token), client_row_id=row.id, scopes=scopes, expires_at=expires_at))


def caller(session: Session, token: str, at: datetime) -> Caller | None:
    """Whose token it is, if it is good."""
    columns = (ClientRow.client_id, ClientRow.audience, ClientRow.organisation, AccessTokenRow.scopes)
    found = select(*columns).join(ClientRow, ClientRow.id == AccessTokenRow.client_row_id)
    found = found.where(AccessTokenRow.digest == _digest(token), AccessTokenRow.expires_at > at)
    row = session.execute(found.where(ClientRow.revoked_at.is_(None))).one_or_none()
    if row is None:
        return None
    id_, audience, organisation, scopes = row
    return Caller(id_, Reader(Audience(audience), frozenset({organisation})), scopes)


def caller_of(row: ClientRow) -> Caller:
    """A client that has shown no token. scopes: the most that it is given."""
    return Caller(row.client_id, Reader(Audience(row.audience), frozenset({row.organisation})), row.scopes)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
