"""Bulk exports that were asked for."""

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base


class ExportRow(Base):
    """Grain: one row per export, until it is over. Whose it is: a Reader's, by audience and organisations (null: all).

    request: the URL that asked for it. reports: ids of the rows of the versions that are in it, in order.
    """

    __tablename__ = "export"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[str] = mapped_column(unique=True)
    audience: Mapped[str]
    organisations: Mapped[list[str] | None] = mapped_column(JSON)
    recorded_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    request: Mapped[str]
    reports: Mapped[list[int]] = mapped_column(JSON)
