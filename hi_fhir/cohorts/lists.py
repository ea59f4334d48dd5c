"""Our people of each practice beside the list that is published of it: where they are apart, one of them is wrong."""

from collections.abc import Iterable
from datetime import date

import msgspec

from hi_fhir.cohorts.list_files import ALL

AGREES, APART, TOO_SMALL, NOT_LISTED = "agrees", "apart", "too-small", "not-listed"
STATES = (AGREES, APART, TOO_SMALL, NOT_LISTED)
"""How a practice's list stands beside the published one."""
ALLOWED = 0.02
"""The share of the published number by which ours may be another."""
TELLING = 100
"""A group of fewer is not told of: that it is not apart would tell to within 2 how many there are here."""


class ListGroup(msgspec.Struct, frozen=True, order=True):
    """People of a practice here and as published. sex: female, male or all. ages: five years of age, or all."""

    practice: str
    sex: str
    ages: str
    here: int
    published: int

    @property
    def is_apart(self) -> bool:
        """Whether they are over 2 % apart."""
        return abs(self.here - self.published) > ALLOWED * self.published

    @property
    def name(self) -> str:
        return ALL if self.sex == ALL else self.sex if self.ages == ALL else f"{self.sex} {self.ages}"


class ListComparison(msgspec.Struct, frozen=True):
    """day: of publication; None where none is near the reference date, and nothing is compared.

    groups: of each practice that is listed the whole, then by sex, then by sex and age. unlisted: practices of
    registered people here that are not.
    """

    day: date | None
    groups: list[ListGroup]
    unlisted: list[str]


def told(groups: Iterable[ListGroup]) -> tuple[str, list[str]]:
    """How a practice's groups stand, and the names of those that are apart: of groups from TELLING published people on.

    TOO_SMALL: no group has so many.
    """
    large = [one for one in groups if one.published >= TELLING]
    apart = [one.name for one in large if one.is_apart]
    return (APART if apart else AGREES if large else TOO_SMALL), apart
