"""What a published share tells of the counts that were divided for it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.counts import SCORED, Counts
from hi_fhir.attack.relations.scores import first_there, share_places
from hi_fhir.attack.told import Bools, Ints, Reals, Told

_MOST_PAIRS = 200_000
"""More pairs of values are not tried for one share."""
_SLACK = 1e-9
"""For what is lost when numbers are written down."""


class Divided(NamedTuple):
    """Places of the counts in the numerator and of all that a share is of, by share, and between what it is."""

    numerator: Ints
    whole: Ints
    low: Reals
    high: Reals

    def of(self, numbers: npt.NDArray[np.int64]) -> "Divided":
        """Those with these numbers, in this order."""
        return Divided(self.numerator[numbers], self.whole[numbers], self.low[numbers], self.high[numbers])


def divided(told: Told, counts: Counts) -> Divided:
    """The published shares of which both counts are known of."""
    ratios = told.ratios
    numerator, _ = share_places(counts, ratios.report, ratios.name)
    whole = first_there(counts, ratios.report, ratios.name, (SCORED,))
    is_known = (numerator >= 0) & (whole >= 0)
    return Divided(numerator[is_known], whole[is_known], ratios.low[is_known], ratios.high[is_known])


def allowed(shares: Divided, share: int, low: Ints, high: Ints) -> tuple[int, int, int, int] | None:
    """The ends of both counts that the share leaves: of the numerator, then of the whole. None: nothing fits.

    Every pair of values is tried, where they are not too many.
    """
    one, two = int(shares.numerator[share]), int(shares.whole[share])
    ends = int(low[one]), int(high[one]), int(low[two]), int(high[two])
    if (ends[1] - ends[0] + 1) * (ends[3] - ends[2] + 1) > _MOST_PAIRS:
        return ends
    numerator = np.arange(ends[0], ends[1] + 1)[:, None]
    whole = np.arange(ends[2], ends[3] + 1)[None, :]
    least, most = shares.low[share] * whole - _SLACK, shares.high[share] * whole + _SLACK
    fits = (whole > 0) & (numerator <= whole) & (numerator >= least) & (numerator <= most)
    rows, columns = np.flatnonzero(fits.any(axis=1)), np.flatnonzero(fits.any(axis=0))
    if not len(rows):
        return None
    return ends[0] + int(rows[0]), ends[0] + int(rows[-1]), ends[2] + int(columns[0]), ends[2] + int(columns[-1])


def tightened_by(shares: Divided, low: Ints, high: Ints, is_changed: Bools) -> list[tuple[int, int, bool, int]]:
    """What published shares narrow: the place, the share, whether it is the lower end, and that end."""
    found = []
    asked = (high[shares.numerator] > low[shares.numerator]) | (high[shares.whole] > low[shares.whole])
    asked &= is_changed[shares.numerator] | is_changed[shares.whole]
    for share in np.flatnonzero(asked).tolist():
        if (ends := allowed(shares, share, low, high)) is not None:
            for place, least, most in (
                (int(shares.numerator[share]), *ends[:2]),
                (int(shares.whole[share]), *ends[2:]),
            ):
                found += [(place, share, True, least)] if least > low[place] else []
                found += [(place, share, False, most)] if most < high[place] else []
    return found
