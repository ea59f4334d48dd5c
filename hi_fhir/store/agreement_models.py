"""What the controllers of practices' data agreed to: to whom, for what and how long numbers may leave a practice."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base, Owned


class AgreementRow(Owned, Base):
    """Grain: one row per agreement and audience that it covers. organisation: the practice; recipient: an ODS code too.

    start, end: first and last day; end null: until it is ended. ended_at: when that was; null: it was not.
    """

    __tablename__ = "agreement"
    __table_args__ = (UniqueConstraint("agreement_id", "audience"),)

    organisation: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[str]
    recipient: Mapped[str]
    purpose: Mapped[str]
    lawful_basis: Mapped[str]
    dpia: Mapped[str]
    start: Mapped[date]
    end: Mapped[date | None]
    ended_at: Mapped[datetime | None]
