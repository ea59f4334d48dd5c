"""What was attacked before it was kept, or since, and what that looked at."""

from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base, Owned


class AttackRow(Owned, Base):
    """Grain: one row per piece of a release that was kept, and per release that was attacked after it was kept.

    organisation: none, since a release is attacked as a whole. first, last: numbers of versions of reports; those of
    them that are of the evaluation were attacked. seen: number of the last version that stood beside them. masked:
    small counts of the release; by_several: those of them that several sums at once were held against. known_before:
    small counts that could be worked out before already.
    """

    __tablename__ = "attack"

    evaluation_id: Mapped[str]
    first: Mapped[int]
    last: Mapped[int] = mapped_column(index=True)
    seen: Mapped[int]
    masked: Mapped[int]
    by_several: Mapped[int]
    known_before: Mapped[int]
