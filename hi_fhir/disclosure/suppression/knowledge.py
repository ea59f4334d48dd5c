"""What readers are told of each count by its cell, by scores and by earlier reports, before anything is worked out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.network import Network
from hi_fhir.disclosure.suppression.past import Past
from hi_fhir.disclosure.suppression.small_groups import SmallGroups, within


class _SmallThen(NamedTuple):
    """What was not to be worked out when counts were other than now. change: how many people more are in each now."""

    change: Numbers
    is_small: Flags
    groups: SmallGroups


class Knowledge:
    """Of one network under one rule, beside what was told in the past.

    few: the largest small count. is_guarded: layers of which nobody may work out small counts. is_small: those counts,
    whether they have cells or not. small_groups: what is withheld of them. is_told: counts with a cell of their own.
    is_known: counts of which their own cell tells nothing that is not known from the past or told exactly.
    """

    def __init__(
        self, network: Network, rule: Rule, past: Past, exact: Flags | None = None, *, parts_of_small: bool = True
    ) -> None:
        """exact: counts that are told exactly, small ones too. parts_of_small: whether counts in small groups are."""
        self._layers = network.layers
        self.past = past
        self.few = rule.masked_to
        values = network.values
        self._is_zero = values == 0
        self._is_few = ~self._is_zero & (values <= rule.masked_to)
        self.is_told: Flags = network.is_there & np.array([layer.is_told for layer in network.layers])
        self.is_guarded: Flags = np.array([layer.is_told or layer.is_scored for layer in network.layers])
        is_open = np.zeros_like(self._is_few)
        for number, layer in enumerate(network.layers):
            if layer.people is not None:
                is_open[:, number] = self._is_few[:, layer.people]
                self._is_few[:, number] |= is_open[:, number]
        self._exact = np.zeros_like(self._is_few) if exact is None else exact
        self._is_few &= ~self._exact
        half = rule.base // 2
        rounded = (values + half) // rule.base * rule.base
        low, high = np.maximum(rounded - half, rule.masked_to + 1), rounded + half
        choices, most = [is_open, self._is_few, self._is_zero], [UNBOUNDED, rule.masked_to, 0]
        own = Limits(np.select(choices, [1, 1, 0], low), np.select(choices, most, high))
        own.low[self._exact] = own.high[self._exact] = values[self._exact]
        known = past.known
        self._own = Limits(np.maximum(own.low, known.low), np.minimum(own.high, known.high))
        self.is_known: Flags = (known.low >= own.low) & (known.high <= own.high) | self._exact
        self.is_small: Flags = self._is_few & self.is_guarded
        has_no_groups = parts_of_small or not self.few
        small_groups = SmallGroups.none(network) if has_no_groups else SmallGroups.of(network, self.few, self.is_told)
        self.small_groups = SmallGroups(*(flags & ~self._exact for flags in small_groups))
        self._then = [*self._small_then(network, has_no_groups=has_no_groups)]

    def _small_then(self, network: Network, *, has_no_groups: bool) -> Iterator[_SmallThen]:
        for change in self.past.changes:
            then = replace(network, values=network.values - change)
            is_small = (then.values > 0) & (then.values <= self.few) & self.is_guarded & network.is_counted
            groups = SmallGroups.none(then) if has_no_groups else SmallGroups.of(then, self.few, self.is_told)
            yield _SmallThen(change, is_small & (change != 0), groups)

    @property
    def is_free(self) -> bool:
        """Whether nothing is told of any count that could not be held back."""
        return self.past.is_nothing and not self._exact.any()

    def told(self, suppressed: Flags) -> Known:
        """What is known of each count by its cell; a suppressed one may be anything that it can be by the past.

        Counts that have no cell are known by a score, where none of its parts is hidden: it is given where neither of
        them is few, and else the reason tells which is, or that there are none.
        """
        is_open = (suppressed | ~self.is_told) & ~self._exact
        is_hidden = is_open | self._is_few
        not_few = np.zeros_like(is_open)
        for number, layer in enumerate(self._layers):
            if layer.is_scored:
                is_score_hidden = is_hidden[:, layer.score_parts].any(axis=1) & ~self.past.is_score_told[:, number]
                is_given = ~self._is_few[:, layer.scored].any(axis=1) & ~is_score_hidden
                is_empty = self._is_zero[:, layer.scored].all(axis=1) & ~is_score_hidden
                not_few[:, number] = is_given
                is_open[:, number] = ~is_empty & (is_score_hidden | ~self._is_few[:, number])
        known = self.past.known
        own = Limits(np.where(is_open, known.low, self._own.low), np.where(is_open, known.high, self._own.high))
        return Known(own, not_few, self.few)

    def protected(self, network: Network, everybody: Limits) -> Flags:
        """Counts that nobody may work out: small ones, and those that are 0 within small groups.

        So it is with those that were so before they were corrected: by how much is known to some. everybody: between
        what each count lies for all.
        """
        found: Flags = self.is_small | (self.small_groups.guarded(network, everybody.high == 0) & self.is_guarded)
        for change, is_small, groups in self._then:
            is_none = groups.guarded(network, everybody.high == change) & self.is_guarded & (change != 0)
            found = found | ((is_small | is_none) & ~self._exact)
        return found

    def withheld_within_small(self, network: Network, suppressed: Flags) -> Flags:
        """Counts withheld within small groups of which it is told that they are, since they are not suppressed."""
        withheld = self.small_groups.withheld
        return withheld & within(network, self.few, self.is_told & ~suppressed)
