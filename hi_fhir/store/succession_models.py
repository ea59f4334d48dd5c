"""Which organisation follows which, as it was imported."""

from datetime import date

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base, Owned


class SuccessionRow(Owned, Base):
    """Grain: one row per organisation, successor and day, and another each time that an import says it anew.

    organisation: the predecessor; successor: an ODS code too. starts: the first day without the one, with the other.
    is_latest: the last import says so.
    """

    __tablename__ = "succession"
    __table_args__ = (Index(None, "organisation"), Index(None, "successor"))

    organisation: Mapped[str] = mapped_column()
    successor: Mapped[str]
    starts: Mapped[date]
    is_latest: Mapped[bool]
