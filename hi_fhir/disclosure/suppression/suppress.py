"""Which counts are suppressed, so that no small one can be worked out from those that are told."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from hi_fhir.disclosure.counts import ExactCounts, Group
from hi_fhir.disclosure.policies import Rule
from hi_fhir.disclosure.published import NOTHING, Published
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.decided import Suppression
from hi_fhir.disclosure.suppression.deciding import Deciding
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.exactly import proving
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, networks
from hi_fhir.disclosure.suppression.past import Earlier


def suppressed(
    counts: ExactCounts,
    untold: Mapping[Group, Collection[str]],
    rule: Rule,
    fewest: int,
    published: Published = NOTHING,
    *,
    parts_of_small: bool = True,
) -> Suppression:
    """What is suppressed so that `fewest` values are left to every small count.

    parts_of_small: whether it is told how many of a small group are in a population within it; if not, `fewest` values
    are left to those counts too that are 0.

    untold: populations of groups that are withheld for other reasons. published: what readers have. A small count that
    has fewer values by that alone keeps those.

    Raises:
        GateError: there is nothing left to suppress.
    """
    areas = AreasOfThen.of(counts, published.reports)
    earlier, with_areas = Earlier(published, areas), areas.added_to(counts)
    gone = {group: tuple(own) for group, own in with_areas.groups.items() if group not in counts.groups}
    found: dict[Group, set[str]] = {}
    within_small: dict[Group, set[str]] = {}
    already_known = guarded = proven = 0
    work = proving.Work(proving.MOST_WORK, proving.MOST_WORK_NEARBY)
    for network in networks(with_areas, {**untold, **gone}):
        knowledge = Knowledge(network, rule, earlier.of(network, rule), parts_of_small=parts_of_small)
        deciding = Deciding(network, with_areas.hierarchy, knowledge, fewest)
        held_back = deciding.decided(work)
        already_known += deciding.already_known
        guarded += deciding.guarded
        proven += deciding.proven
        is_within = knowledge.withheld_within_small(network, held_back)
        for flags, named in ((held_back & ~is_within, found), (is_within, within_small)):
            for group, population in _named(network, flags):
                named.setdefault(group, set()).add(population)
    return Suppression(_frozen(found), _frozen(within_small), already_known, guarded, proven)


def _frozen(named: Mapping[Group, set[str]]) -> dict[Group, frozenset[str]]:
    return {group: frozenset(populations) for group, populations in named.items()}


def _named(network: Network, flags: Flags) -> Iterator[tuple[Group, str]]:
    for place, layer in np.argwhere(flags).tolist():
        for measure, population in network.layers[layer].populations:
            if place in network.groups[measure]:
                yield network.groups[measure][place], population
