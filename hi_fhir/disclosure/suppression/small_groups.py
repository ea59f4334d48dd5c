"""Small groups: it is not told how many of one are in a population within it, for nobody or everybody tells it of each.

All such counts are withheld alike, whatever they are: withheld alone, nobody and everybody would be told by that.
"""

from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.network import Network


class SmallGroups(NamedTuple):
    """withheld: counts that are not told. is_nobody: counts that are 0 within a small group, and are not told to be."""

    withheld: Flags
    is_nobody: Flags

    @classmethod
    def none(cls, network: Network) -> "SmallGroups":
        return cls(*np.zeros((2, *network.values.shape), dtype=np.bool_))

    @classmethod
    def of(cls, network: Network, few: int, is_told: Flags) -> "SmallGroups":
        """few: the most people in a small group. is_told: counts with a cell of their own."""
        values = network.values
        is_zero = (values == 0) & network.is_counted
        withheld = within(network, few, is_told) & is_told
        is_nobody = within(network, few, np.ones_like(is_told))
        for layer in network.layers:
            if layer.scored:
                people = values[:, list(layer.scored)].sum(axis=1)
                is_small = (people > 0) & (people <= few)
                is_nobody[:, list(layer.scored)] |= is_small[:, None]
                withheld[:, layer.numerator] |= is_small & is_zero[:, layer.numerator] & is_told[:, layer.numerator]
        return cls(withheld, is_nobody & is_zero & (withheld | ~is_told))

    def guarded(self, network: Network, is_known: Flags) -> Flags:
        """Those that are 0 and that nobody may work out. is_known: counts of which everybody knows that they are 0.

        That of a larger group nobody is in a population is told, and so is what follows for the smaller ones in it.
        """
        return self.is_nobody & ~_parts_of(network, is_known & ~self.is_nobody)


def within(network: Network, few: int, is_told: Flags) -> Flags:
    """Counts of populations within a group of which is told that it is small, or which is itself within such a one."""
    found = np.zeros_like(is_told)
    is_small = is_told & (network.values > 0) & (network.values <= few)
    people = [(one.people, (number,)) for number, one in enumerate(network.layers) if one.people is not None]
    while True:
        before = found.copy()
        for whole, parts in network.parts:
            found[:, parts] |= (is_small | before)[:, [whole]]
        for whole, parts in people:
            found[:, parts] |= before[:, [whole]]
        if np.array_equal(found, before):
            return found


def _parts_of(network: Network, wholes: Flags) -> Flags:
    """Counts that are parts of these, or of their parts."""
    whole, part = network.sums.whole[network.sums.equation], network.sums.part
    found = np.zeros_like(wholes)
    while True:
        before = found.copy()
        np.logical_or.at(found, part, (wholes | before)[whole])
        if np.array_equal(found, before):
            return found
