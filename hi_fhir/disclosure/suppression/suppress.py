"""Which counts are suppressed, so that no small one can be worked out from those that are told."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import ExactCounts, Group
from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.suppression.choosing import NEVER, loosening, worths
from hi_fhir.disclosure.suppression.equations import Flags, Numbers
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, networks


def suppressed(
    counts: ExactCounts, untold: Mapping[Group, Collection[str]], rule: Rule, fewest: int
) -> dict[Group, frozenset[str]]:
    """Groups to their populations that are suppressed, so that `fewest` values are left to every small count.

    untold: populations of groups that are withheld for other reasons.

    Raises:
        GateError: there is nothing left to suppress.
    """
    found: dict[Group, set[str]] = {}
    for network in networks(counts, untold):
        for group, population in _named(network, _decided(network, rule, fewest)):
            found.setdefault(group, set()).add(population)
    return {group: frozenset(populations) for group, populations in found.items()}


def _decided(network: Network, rule: Rule, fewest: int) -> Flags:
    """Which counts are suppressed, once no small one can be worked out."""
    knowledge = Knowledge(network, rule)
    worth = worths(network, knowledge.is_small)
    found = np.zeros(network.values.shape, dtype=np.bool_)
    while True:
        known = knowledge.told(found)
        bounds = known.own.copy()
        network.system.tighten(bounds, known, np.ones(len(bounds.low), dtype=np.bool_))
        tight = knowledge.is_small & (bounds.high - bounds.low + 1 < fewest)
        if not tight.any():
            return found
        cost = _costs(network, np.where(found | ~knowledge.is_told, NEVER, worth))
        more = _with_cells(network, loosening(network.system, known, bounds, tight, cost)) & knowledge.is_told & ~found
        if not more.any():
            raise GateError(
                f"{', '.join(network.groups)}: small counts could be worked out whatever is held back beside them. "
                "Nothing is released; this is a fault of hi_fhir, please report it."
            )
        found |= more


def _costs(network: Network, cost: Numbers) -> Numbers:
    """Who is not reached has no cell: what the absence of a score tells of them goes with the numerator."""
    for number, layer in enumerate(network.layers):
        if layer.numerator is not None:
            cost[:, number] = cost[:, layer.numerator]
    return cost


def _with_cells(network: Network, more: Flags) -> Flags:
    """`more`, with the numerators that take scores away."""
    for number, layer in enumerate(network.layers):
        if layer.numerator is not None:
            more[:, layer.numerator] |= more[:, number]
    return more


def _named(network: Network, flags: Flags) -> Iterator[tuple[Group, str]]:
    for place, layer in np.argwhere(flags).tolist():
        for measure, population in network.layers[layer].populations:
            if place in network.groups[measure]:
                yield network.groups[measure][place], population
