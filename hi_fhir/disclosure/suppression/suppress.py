"""Which counts are suppressed, so that no small one can be worked out from those that are told."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import ExactCounts, Group
from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.published import NOTHING, Published
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.choosing import NEVER, loosening, worths
from hi_fhir.disclosure.suppression.equations import Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, networks
from hi_fhir.disclosure.suppression.past import Earlier
from hi_fhir.disclosure.suppression.together.holding import released_from
from hi_fhir.disclosure.suppression.together.ranges import Ranges


class Suppression(NamedTuple):
    """groups: those with counts that are suppressed, and the populations of these.

    already_known: small counts that readers can work out of earlier reports alone, whatever is suppressed now.
    """

    groups: Mapping[Group, frozenset[str]]
    already_known: int


NO_SUPPRESSION = Suppression({}, 0)


def suppressed(
    counts: ExactCounts,
    untold: Mapping[Group, Collection[str]],
    rule: Rule,
    fewest: int,
    published: Published = NOTHING,
) -> Suppression:
    """What is suppressed so that `fewest` values are left to every small count.

    untold: populations of groups that are withheld for other reasons. published: what readers have. A small count that
    has fewer values by that alone keeps those.

    Raises:
        GateError: there is nothing left to suppress.
    """
    areas = AreasOfThen.of(counts, published.reports)
    earlier, with_areas = Earlier(published, areas), areas.added_to(counts)
    gone = {group: tuple(own) for group, own in with_areas.groups.items() if group not in counts.groups}
    found: dict[Group, set[str]] = {}
    already_known = 0
    for network in networks(with_areas, {**untold, **gone}):
        decided = _decided(network, Knowledge(network, rule, earlier.of(network, rule)), fewest)
        already_known += decided.already_known
        for group, population in _named(network, decided.suppressed):
            found.setdefault(group, set()).add(population)
    return Suppression({group: frozenset(populations) for group, populations in found.items()}, already_known)


class _Decided(NamedTuple):
    """suppressed: by place and layer. already_known: as of the whole."""

    suppressed: Flags
    already_known: int


def _decided(network: Network, knowledge: Knowledge, fewest: int) -> _Decided:
    """Which counts are suppressed, once no small one can be worked out that could not be before."""
    worth = worths(network, knowledge.is_small)
    found = np.zeros(network.values.shape, dtype=np.bool_)
    before = _bounds(network, knowledge.told(~found))
    wanted = np.minimum(before.high - before.low + 1, fewest)
    already_known = int((knowledge.is_small & (wanted < fewest)).sum())
    ranges, asked = Ranges(network), knowledge.is_small
    while True:
        known = knowledge.told(found)
        bounds = _bounds(network, known)
        tight = knowledge.is_small & (bounds.high - bounds.low + 1 < wanted)
        cost = _costs(network, np.where(found | ~knowledge.is_told, NEVER, worth), knowledge)
        if tight.any():
            more = loosening(network.system, known, bounds, tight, cost)
        else:
            holds = ranges.holds(bounds, asked, wanted)
            asked = holds.tight(found.shape)
            if not asked.any():
                return _Decided(found, already_known)
            more = released_from(network.system, known, bounds, holds, cost)
        more = _with_cells(network, more) & knowledge.is_told & ~found
        if not more.any():
            raise GateError(
                f"{', '.join(network.groups)}: small counts could be worked out whatever is held back beside them. "
                "Nothing is released; this is a fault of hi_fhir, please report it."
            )
        found |= more


def _bounds(network: Network, known: Known) -> Limits:
    """Between what each count must lie by all equations."""
    bounds = known.own.copy()
    network.system.tighten(bounds, known, np.ones(len(bounds.low), dtype=np.bool_))
    return bounds


def _costs(network: Network, cost: Numbers, knowledge: Knowledge) -> Numbers:
    """Who is not reached has no cell: what the absence of a score tells of them goes with the numerator.

    Nothing is won by suppressing what is known from the past.
    """
    by_numerator = {
        number: np.where(knowledge.past.is_score_told[:, number], NEVER, cost[:, layer.numerator])
        for number, layer in enumerate(network.layers)
        if layer.numerator is not None
    }
    cost[knowledge.is_known] = NEVER
    for number, own in by_numerator.items():
        cost[:, number] = own
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
