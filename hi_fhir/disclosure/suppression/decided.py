"""What is suppressed of a release."""

from collections.abc import Mapping
from typing import NamedTuple

from hi_fhir.disclosure.counts import Group


class Suppression(NamedTuple):
    """groups: those with counts that are suppressed, and the populations of these; SCORE: neither a score is given nor
    why there is none. within_small: the same of counts that are withheld since they are within a small group, of which
    it is told that it is.

    already_known: small counts that readers can work out of earlier reports alone, whatever is suppressed now.
    guarded: small counts in all; proven: those that are shown to have enough values by all sums at once. The others
    have them by sums one after the other, and by all sums of each reporter's population.
    """

    groups: Mapping[Group, frozenset[str]]
    within_small: Mapping[Group, frozenset[str]]
    already_known: int
    guarded: int
    proven: int


NO_SUPPRESSION = Suppression({}, {}, 0, 0, 0)
