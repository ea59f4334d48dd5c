"""Released counts as arrays: as they are given, and between which numbers each of them lies."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp] | Bools


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
        return np.less(self.least, self.most)

    def __sub__(self, other: "GivenCounts") -> "GivenCounts":
        return GivenCounts(self.given - other.given, self.least - other.most, self.most - other.least)

    def at(self, places: Places) -> "GivenCounts":
        """Those at some places."""
        return GivenCounts(self.given[places], self.least[places], self.most[places])

    def of(self, column: int) -> "GivenCounts":
        """Those of a column."""
        return GivenCounts(self.given[:, column], self.least[:, column], self.most[:, column])


class Fractions(NamedTuple):
    """Shares, or rates of occasions by person, as what they are made of."""

    numerator: GivenCounts
    denominator: GivenCounts

    @property
    def given(self) -> Reals:
        return self.numerator.given / self.denominator.given

    @property
    def is_rounded(self) -> Bools:
        """Whether each may be another."""
        return self.numerator.is_rounded | self.denominator.is_rounded

    def least(self) -> Reals:
        """The least that each can be."""
        return np.maximum(self.numerator.least, 0) / np.maximum(self.denominator.most, 1)

    def most(self) -> Reals:
        """The most that each can be, as far as its counts by themselves say."""
        return self.numerator.most / np.maximum(self.denominator.least, 1)

    def at(self, places: Places) -> "Fractions":
        """Those at some places."""
        return Fractions(self.numerator.at(places), self.denominator.at(places))


class ConfidenceInterval(NamedTuple):
    """The two ends of confidence intervals."""

    lower: Reals
    upper: Reals
