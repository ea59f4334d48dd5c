"""What follows from a few counts that turn out to be narrower, without a look at all the others."""

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.bounds import Bounds, propagate
from hi_fhir.attack.systems import System, distinct, part_of
from hi_fhir.attack.told import Ints
from hi_fhir.core.progress import Silent

Numbers = npt.NDArray[np.int64]


class Touching:
    """Finds the sums and shares in which counts stand that are not known to everybody."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        self._system = system
        sums, shares, divided = system.sums, system.shares, system.divided
        pairs = np.arange(sums.total, sum(system.totals))
        number = np.concatenate((np.repeat(np.arange(sums.total), np.diff(sums.start)), pairs, pairs))
        place = np.concatenate((sums.members, shares.numerator, divided.numerator, shares.others, divided.whole))
        is_used = bounds.high[place] > bounds.low[place]
        is_used &= ~np.concatenate((bounds.contradicted, np.zeros(len(pairs), np.bool_)))[number]
        number, place = number[is_used], place[is_used]
        self._number: Numbers = number[np.argsort(place, kind="stable")]
        self._first = np.concatenate(([0], np.cumsum(np.bincount(place, minlength=len(bounds.low)))))

    def of(self, places: Numbers) -> Numbers:
        """Numbers of those in which any of these counts stands."""
        size = self._first[places + 1] - self._first[places]
        start = np.concatenate(([0], np.cumsum(size)))
        return distinct(self._number[np.repeat(self._first[places] - start[:-1], size) + np.arange(start[-1])])

    def narrow(self, low: Ints, high: Ints, changed: Numbers) -> Numbers:
        """Narrow all ends, in place, by what follows from `changed` counts; the places of those that were narrowed."""
        found = [changed]
        while len(changed):
            part = part_of(self._system, low, high, self.of(changed).tolist())
            bounds = propagate(part.system, Silent())
            is_narrower = (bounds.low > part.system.low) | (bounds.high < part.system.high)
            low[part.places], high[part.places] = bounds.low, bounds.high
            changed = part.places[is_narrower].astype(np.int64)
            found.append(changed)
        return distinct(np.concatenate(found))
