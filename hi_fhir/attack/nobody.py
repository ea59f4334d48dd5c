"""Counts that are 0 since nobody of a larger group is counted, or everybody is: that is told, and so are these."""

import numpy as np

from hi_fhir.attack.bounds import propagate
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.relations.ratios import Divided
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import UNBOUNDED, Bools, Ints
from hi_fhir.core.progress import Silent

_NO_NUMBERS = np.zeros(0, dtype=np.int64)


def nobody_of_larger(counts: Counts, system: System, high: Ints) -> Bools:
    """Which counts follow from those that are 0 and are not withheld for small groups. high: the most of each."""
    is_nobody = counts.is_there & (high == 0)
    if not (is_nobody & counts.is_guarded).any():
        return np.zeros_like(is_nobody)
    told = np.where(is_nobody & ~counts.is_guarded, 0, UNBOUNDED).astype(np.int32)
    divided: Divided = system.divided.of(_NO_NUMBERS)
    alone = System(np.zeros_like(told), told, system.sums, system.shares.of(_NO_NUMBERS), divided)
    found: Bools = propagate(alone, Silent()).high == 0
    return found
