"""Every relation as one thing: a count that is the sum of others, with so many more or fewer at most."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.told import UNBOUNDED, Bools, Ints


class Kind(IntEnum):
    """Why a sum holds."""

    STRATA = 0
    NESTED = 1
    CROSSING = 2
    POPULATIONS = 3
    AREAS = 4
    SAME_PEOPLE = 5
    VERSIONS = 6
    CHANGE = 7
    SCORE = 8
    RUN = 9
    THEN = 10
    PERIODS = 11

    @property
    def told(self) -> str:
        return _TOLD[self]


_TOLD = (
    "strata add up to the whole",
    "strata lie in coarser ones",
    "a crossing adds up to its margins",
    "populations lie in one another",
    "practices add up to networks and boards",
    "measures count the same people",
    "the same days in several reports",
    "little changed between two days",
    "a share is given, or why it is not",
    "counts of the whole run",
    "areas as they were put together before",
    "periods that end on the same day",
)


class Extra(NamedTuple):
    """How many more people the whole has than its parts, at least and at most."""

    least: int
    most: int


NOBODY = Extra(0, 0)
ANYBODY = Extra(0, UNBOUNDED)


class Sums(NamedTuple):
    """start: where each sum's members begin among `members`, which are places of counts: the whole, then its parts.

    least, most: how many people the whole has beside its parts.
    """

    kind: npt.NDArray[np.int8]
    start: npt.NDArray[np.int64]
    members: Ints
    least: Ints
    most: Ints

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.kind)

    def of(self, numbers: npt.NDArray[np.int64]) -> "Sums":
        """Those with these numbers, in this order."""
        sizes = self.start[numbers + 1] - self.start[numbers]
        start = np.concatenate(([0], np.cumsum(sizes)))
        places = np.repeat(self.start[numbers] - start[:-1], sizes) + np.arange(start[-1])
        return Sums(self.kind[numbers], start, self.members[places], self.least[numbers], self.most[numbers])

    def members_of(self, sum_: int) -> list[int]:
        """The whole and its parts."""
        found: list[int] = self.members[self.start[sum_] : self.start[sum_ + 1]].tolist()
        return found


def is_corrected(sums: Sums) -> bool:
    """Whether any of these is of counts that were corrected from one edition to another."""
    return bool(((sums.least == sums.most) & (sums.least != 0)).any())


class Gathering:
    """Gathers sums. without: kinds that are left out."""

    def __init__(self, without: frozenset[Kind] = frozenset()) -> None:
        self._without = without
        self._kinds: list[npt.NDArray[np.int8]] = []
        self._extras: list[Ints] = []
        self._sizes: list[npt.NDArray[np.int64]] = []
        self._members: list[Ints] = []

    def add(self, kind: Kind, wholes: Ints, parts: Ints, is_part: Bools | None = None, extra: Extra = NOBODY) -> None:
        """One sum a row. parts: sums x parts; is_part: which of them are; a sum without any is none."""
        if kind in self._without or not len(wholes):
            return
        if is_part is None:
            is_part = np.ones(parts.shape, dtype=np.bool_)
        has_any = is_part.any(axis=1)
        wholes, parts, is_part = wholes[has_any], parts[has_any], is_part[has_any]
        members = np.column_stack((wholes, parts))
        is_member = np.column_stack((np.ones(len(wholes), dtype=np.bool_), is_part))
        self._kinds.append(np.full(len(wholes), kind, dtype=np.int8))
        self._sizes.append(is_member.sum(axis=1, dtype=np.int64))
        self._members.append(members[is_member].astype(np.int32))
        self._extras.append(np.tile(np.array(extra, dtype=np.int32), (len(wholes), 1)))

    def sums(self) -> Sums:
        if not self._kinds:
            nothing = np.zeros(0, np.int32)
            return Sums(np.zeros(0, np.int8), np.zeros(1, np.int64), nothing, nothing, nothing)
        start = np.concatenate(([0], np.cumsum(np.concatenate(self._sizes))))
        least, most = np.concatenate(self._extras).T
        return Sums(np.concatenate(self._kinds), start, np.concatenate(self._members), least, most)
