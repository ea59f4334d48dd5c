"""Released counts as arrays: as they are given, and between which numbers each of them lies."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class GivenCounts(NamedTuple):
    """given: the released count. least, most: the ends of what it may stand for; equal where it is exact.

    Each may be a sum or difference of counts. All have one shape.
    """

    given: Reals
    least: Reals
    most: Reals

    @classmethod
    def exact(cls, given: npt.ArrayLike) -> "GivenCounts":
        counts = np.asarray(given, dtype=np.float64)
        return cls(counts, counts, counts)

    @property
    def is_rounded(self) -> Bools:
        """Whether each may stand for several numbers."""
        return self.least < self.most

    def __sub__(self, other: "GivenCounts") -> "GivenCounts":
        return GivenCounts(self.given - other.given, self.least - other.most, self.most - other.least)

    def at(self, places: npt.NDArray[np.intp] | Sequence[int]) -> "GivenCounts":
        """Those at some places."""
        return GivenCounts(self.given[places], self.least[places], self.most[places])

    def of(self, column: int) -> "GivenCounts":
        """Those of a column."""
        return GivenCounts(self.given[:, column], self.least[:, column], self.most[:, column])


class ConfidenceInterval(NamedTuple):
    """The two ends of confidence intervals."""

    lower: Reals
    upper: Reals
