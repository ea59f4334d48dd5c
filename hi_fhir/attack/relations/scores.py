"""What is told by a share that is given, or by the reason why it is not: that few are in the numerator or none are."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.counts import KEPT, OTHERS, REST, Counts
from hi_fhir.attack.told import Bools, Ints, State, Told


class Shares(NamedTuple):
    """Places of the counts that a share is of, by share: those in the numerator, and the others of its denominator.

    masked_to: what counts as few. state: SCORE_GIVEN: neither is few; SCORE_SMALL: one of them is; SCORE_EMPTY: nobody.
    """

    numerator: Ints
    others: Ints
    masked_to: Ints
    state: Ints

    def of(self, numbers: npt.NDArray[np.int64]) -> "Shares":
        """Those with these numbers, in this order."""
        return Shares(*(column[numbers] for column in self))


def shares_of(told: Told, counts: Counts) -> Shares:
    """The shares of which something is told, where both of their counts are known of."""
    is_share = (told.state >= State.SCORE_GIVEN) & (told.state < State.SCORE_UNTOLD)
    report, name, state = told.report[is_share], told.name[is_share], told.state[is_share]
    numerator, others = share_places(counts, report, name)
    masked_to = np.array([one.rounding.masked_to for one in told.reports], dtype=np.int32)[report]
    is_known = (numerator >= 0) & (others >= 0)
    denominator = first_there(counts, report, name, ("denominator",))
    is_known &= (denominator < 0) | ~counts.is_given[denominator]  # a share of exact counts is given, few or not
    return Shares(numerator[is_known], others[is_known], masked_to[is_known], state[is_known])


def share_places(counts: Counts, report: Ints, name: Ints) -> tuple[Ints, Ints]:
    """Places of what a share is of, by share: of the numerator, and of the others of its denominator; -1: not known."""
    numerator = first_there(counts, report, name, (KEPT, "numerator"))
    return numerator, first_there(counts, report, name, (OTHERS, REST))


def first_there(counts: Counts, report: Ints, name: Ints, populations: tuple[str, ...]) -> Ints:
    """Of each share, the place of the first of these populations that its report has; -1: none."""
    found = np.full(len(report), -1, dtype=np.int32)
    for population in populations[::-1]:
        twins = [counts.places.get(one._replace(population=population), -1) for one in counts.names]
        twin = np.array(twins, dtype=np.int32)[name]
        is_there = (twin >= 0) & counts.grid[report, twin]
        found = np.where(is_there, report * len(counts.names) + twin, found).astype(np.int32)
    return found


def tightened(shares: Shares, low: Ints, high: Ints) -> tuple[Ints, Ints, Bools, Ints]:
    """What shares narrow: the place, the share, whether it is the lower end, and that end."""
    found = []
    for own, other in ((shares.numerator, shares.others), (shares.others, shares.numerator)):
        least, most = _allowed(shares, low[own], high[own], low[other], high[other])
        numbers = np.arange(len(own), dtype=np.int32)
        raises, lowers = least > low[own], most < high[own]
        found += [
            (own[raises], numbers[raises], np.ones(raises.sum(), np.bool_), least[raises]),
            (own[lowers], numbers[lowers], np.zeros(lowers.sum(), np.bool_), most[lowers]),
        ]
    place, share, is_low, bound = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return place, share, is_low, bound


def _allowed(shares: Shares, low: Ints, high: Ints, other_low: Ints, other_high: Ints) -> tuple[Ints, Ints]:
    """The ends that are left of counts which may be few, may not be, or of whom there are none."""
    few = shares.masked_to
    is_given, is_empty = shares.state == State.SCORE_GIVEN, shares.state == State.SCORE_EMPTY
    other_is_not_few = (other_high < 1) | (other_low > few)
    must_be_few = (shares.state == State.SCORE_SMALL) & other_is_not_few
    least = np.where(is_given & (low >= 1) & (low <= few), few + 1, low)
    most = np.where(is_given & (high >= 1) & (high <= few), 0, high)
    least = np.where(must_be_few, np.maximum(low, 1), least)
    most = np.where(must_be_few, np.minimum(high, few), np.where(is_empty, 0, most))
    return least.astype(np.int32), most.astype(np.int32)
