"""Clients of the service, what they said to have a token, and their tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base, Owned


class ClientRow(Owned, Base):
    """Grain: one row per registered client. organisation: the one whose reports it has, with what belonged to it.

    jwks: its public keys as JSON; jwks_url: where they are. One of the two is null. scopes: the most that it is given.
    """

    __tablename__ = "client"

    organisation: Mapped[str] = mapped_column()
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    scopes: Mapped[str]
    jwks: Mapped[str | None]
    jwks_url: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class AssertionRow(Base):
    """Grain: one row per assertion that a client made, until it is over: none is taken twice."""

    __tablename__ = "client_assertion"
    __table_args__ = (Index(None, "expires_at"),)

    client_row_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class AccessTokenRow(Base):
    """Grain: one row per token that is good. digest: SHA-256 of it, since it is kept nowhere."""

    __tablename__ = "access_token"
    __table_args__ = (Index(None, "expires_at"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    client_row_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    scopes: Mapped[str]
    expires_at: Mapped[datetime]
