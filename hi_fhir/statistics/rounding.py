"""What rounding leaves open: an interval at every corner of what the counts may stand for, and the widest of these."""

from collections.abc import Callable
from itertools import product

import numpy as np

from hi_fhir.statistics.counts import ConfidenceInterval, GivenCounts


def widest(interval: Callable[..., ConfidenceInterval], *counts: GivenCounts) -> ConfidenceInterval:
    """The lowest lower and the highest upper end over all corners.

    interval: takes as many arrays as there are counts, of one axis more, in front. Corners at which it gives no number
    are left out; where it gives none at all, an end is NaN.
    """
    ends = product((False, True), repeat=len(counts))
    corners = [np.stack(one) for one in zip(*(_corner(counts, is_most) for is_most in ends), strict=True)]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lower, upper = interval(*corners)
    return ConfidenceInterval(np.fmin.reduce(lower, axis=0), np.fmax.reduce(upper, axis=0))


def _corner(counts: tuple[GivenCounts, ...], is_most: tuple[bool, ...]) -> list[np.ndarray]:
    return [one.most if most else one.least for one, most in zip(counts, is_most, strict=True)]
