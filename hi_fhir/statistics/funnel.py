"""Between which values a unit of a size would lie by chance, were it like all of them: the limits of a funnel plot.

Source: Spiegelhalter DJ, Statistics in Medicine 24 (2005) 1185-1202. For shares they are where Wilson's interval would
just reach the whole's value, as OHID draws them.
"""

from statistics import NormalDist

import numpy as np

from hi_fhir.statistics.counts import ConfidenceInterval, Fractions, GivenCounts, Reals
from hi_fhir.statistics.rounding import widest

FUNNEL = "funnel"
LIMITS = (0.95, 0.998)
"""Parts of like units that lie within each pair of limits."""


def funnel_limits(whole: Fractions, people: GivenCounts, within: float, *, is_rate: bool) -> ConfidenceInterval:
    """The limits for units of so many people. whole: of all units. within: of LIMITS."""
    z = NormalDist().inv_cdf(1 - (1 - within) / 2)

    def limits(x: Reals, n: Reals, size: Reals) -> ConfidenceInterval:
        middle = np.maximum(x, 0) / np.maximum(n, 1)
        if not is_rate:
            middle = np.minimum(middle, 1)
        width = z * np.sqrt((middle if is_rate else middle * (1 - middle)) / np.maximum(size, 1))
        return ConfidenceInterval(
            np.maximum(middle - width, 0), middle + width if is_rate else np.minimum(middle + width, 1)
        )

    return widest(limits, *whole, people)
