"""People who look at pages, their visits, and log-ins that failed lately."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base, Owned


class AccountRow(Owned, Base):
    """Grain: one row per person who may look at pages. organisation: null for an operator alone.

    account_id: the name that one logs in by; of a provider's people, made of the provider and whom it says they are.
    password: its hash. issuer: the provider that says who they are. One of the two is null.
    """

    __tablename__ = "account"

    account_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password: Mapped[str | None]
    issuer: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class VisitRow(Base):
    """Grain: one row per log-in that is not over. digest: SHA-256 of its token, since that is kept nowhere."""

    __tablename__ = "visit"
    __table_args__ = (Index(None, "ends_at"), Index(None, "account_row_id"))

    digest: Mapped[str] = mapped_column(primary_key=True)
    account_row_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    ends_at: Mapped[datetime]


class FailedLogInRow(Base):
    """Grain: one row per log-in that failed lately, and whom it counts against. digest: of a name or of a caller."""

    __tablename__ = "failed_log_in"
    __table_args__ = (Index(None, "digest", "failed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    failed_at: Mapped[datetime]
