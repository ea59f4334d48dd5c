"""What an audience is told of each count by its own cell and by scores, before anything is worked out."""

import numpy as np

from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Flags, Known, Limits
from hi_fhir.disclosure.suppression.network import Network


class Knowledge:
    """Of one network under one rule.

    is_small: counts that nobody may work out, whether they have cells or not. is_told: counts with a cell of their own.
    """

    def __init__(self, network: Network, rule: Rule) -> None:
        self._layers = network.layers
        self._few = rule.masked_to
        values = network.values
        self._is_zero = values == 0
        self._is_few = ~self._is_zero & (values <= rule.masked_to)
        self.is_told: Flags = network.is_there & np.array([layer.is_told for layer in network.layers])
        is_guarded = np.array([layer.is_told or layer.is_scored for layer in network.layers])
        is_open = np.zeros_like(self._is_few)
        for number, layer in enumerate(network.layers):
            if layer.people is not None:
                is_open[:, number] = self._is_few[:, layer.people]
                self._is_few[:, number] |= is_open[:, number]
        half = rule.base // 2
        rounded = (values + half) // rule.base * rule.base
        low, high = np.maximum(rounded - half, rule.masked_to + 1), rounded + half
        choices, most = [is_open, self._is_few, self._is_zero], [UNBOUNDED, rule.masked_to, 0]
        self._own = Limits(np.select(choices, [1, 1, 0], low), np.select(choices, most, high))
        self.is_small: Flags = self._is_few & is_guarded

    def told(self, suppressed: Flags) -> Known:
        """What is known of each count by its cell; a suppressed one may be anything.

        Counts that have no cell are known by a score, where none of its parts is hidden: it is given where neither of
        them is few, and else the reason tells which is, or that there are none.
        """
        is_open = suppressed | ~self.is_told
        is_hidden = is_open | self._is_few
        not_few = np.zeros_like(is_open)
        for number, layer in enumerate(self._layers):
            if layer.is_scored:
                is_score_hidden = is_hidden[:, layer.score_parts].any(axis=1)
                is_given = ~self._is_few[:, layer.scored].any(axis=1) & ~is_score_hidden
                is_empty = self._is_zero[:, layer.scored].all(axis=1) & ~is_score_hidden
                not_few[:, number] = is_given
                is_open[:, number] = ~is_empty & (is_score_hidden | ~self._is_few[:, number])
        own = Limits(np.where(is_open, 0, self._own.low), np.where(is_open, UNBOUNDED, self._own.high))
        return Known(own, not_few, self._few)
