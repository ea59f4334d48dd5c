"""For whom numbers are released, and so how exactly."""

from enum import StrEnum


class Audience(StrEnum):
    """From who is told most of its own people to who is told least."""

    PRACTICE = "practice"
    PCN = "pcn"
    ICB = "icb"
    PUBLIC = "public"

    @property
    def knows(self) -> tuple["Audience", ...]:
        """The audiences whose reports this one may have too, itself among them."""
        return _KNOWS[self]


_KNOWS = {
    Audience.PRACTICE: (Audience.PRACTICE, Audience.PUBLIC),
    Audience.PCN: (Audience.PCN, Audience.ICB, Audience.PUBLIC),
    Audience.ICB: (Audience.ICB, Audience.PUBLIC),
    Audience.PUBLIC: (Audience.PUBLIC,),
}
