"""What was refused, and who was shown what of people."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base


class AuditEventRow(Base):
    """Grain: one row per what happened, or per what happened again and again within a minute; `times` says how often.

    recorded_at, last_at: the first time and the last. outcome, reason: as `audit_events` has them. client_id,
    organisation (ODS code), audience: of a registered client. peer: the address of who is none. user_name: of who ran
    a command on this machine, or is logged in to pages. route: as it is declared, never as it was called.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "recorded_at"),
        Index(None, "client_id"),
        Index(None, "organisation"),
        {"sqlite_autoincrement": True},  # no id is given again once its row is gone
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
    outcome: Mapped[str]
    reason: Mapped[str]
    client_id: Mapped[str | None]
    organisation: Mapped[str | None]
    audience: Mapped[str | None]
    peer: Mapped[str | None]
    user_name: Mapped[str | None]
    method: Mapped[str | None]
    route: Mapped[str | None]
    resource_type: Mapped[str | None]
    resource_id: Mapped[str | None]
