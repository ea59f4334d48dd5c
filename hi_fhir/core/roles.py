"""What somebody who looks at pages is there for, and so how exactly numbers are told."""

from enum import StrEnum

from hi_fhir.core.audiences import Audience


class Role(StrEnum):
    """A practice, network or board sees what is its own. An operator runs the service, and sees what anybody may."""

    PRACTICE = "practice"
    PCN = "pcn"
    ICB = "icb"
    OPERATOR = "operator"

    @property
    def audience(self) -> Audience:
        return Audience.PUBLIC if self is Role.OPERATOR else Audience(self.value)

    @property
    def has_organisation(self) -> bool:
        return self is not Role.OPERATOR
