"""Which counts are suppressed, so that no small one can be worked out from those that are told."""

from collections.abc import Collection, Iterator, Mapping
from itertools import cycle

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

_NO_TOTALS: Mapping[Group, Collection[str]] = {}


def suppressed(
    counts: ExactCounts,
    untold: Mapping[Group, Collection[str]],
    rule: Rule,
    fewest: int,
    published: Published = NOTHING,
    totals: Mapping[Group, Collection[str]] = _NO_TOTALS,
    *,
    parts_of_small: bool = True,
) -> Suppression:
    """What is suppressed so that `fewest` values are left to every small count.

    parts_of_small: whether it is told how many of a small group are in a population within it; if not, `fewest` values
    are left to those counts too that are 0.

    totals: populations of groups that some readers are told exactly, small ones too. They are known to these whatever
    is suppressed; for the others they are hidden as all counts are, so it is decided for these again, beside what is
    suppressed for the first, and in turns: what is held back of a larger group tells nothing any more of small ones.
    So it is decided for those who know what was corrected since earlier releases, and for those who do not: what the
    first can work out anyway must still be hidden from the others. So it is where nobody knows any more what was
    counted then, for those who take it for unchanged where that may be and for those who do not.

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
    of_insiders = proving.Work(proving.MOST_WORK_OF_INSIDERS, 0)
    for network in networks(with_areas, {**untold, **gone}):
        readers = [*_readers(network, earlier, rule, _flags(network, totals), parts_of_small=parts_of_small)]
        decided = [Deciding(network, with_areas.hierarchy, readers[0], fewest)]
        held_back, same = decided[0].decided(work, of_insiders), 1
        for knowledge in cycle([*readers[1:], readers[0]]):
            if same == len(readers):
                break
            decided.append(Deciding(network, with_areas.hierarchy, knowledge, fewest, held_back))
            before, held_back = held_back, decided[-1].decided(work, of_insiders)
            same = same + 1 if np.array_equal(held_back, before) else 1
        already_known += decided[len(readers) - 1].already_known
        guarded, proven = guarded + decided[0].guarded, proven + decided[0].proven
        is_within = readers[-1].withheld_within_small(network, held_back)
        for flags, named in ((held_back & ~is_within, found), (is_within, within_small)):
            for group, population in _named(network, flags):
                named.setdefault(group, set()).add(population)
    return Suppression(_frozen(found), _frozen(within_small), already_known, guarded, proven)


def _readers(
    network: Network, earlier: Earlier, rule: Rule, exact: Flags, *, parts_of_small: bool
) -> Iterator[Knowledge]:
    """What different readers are told. exact: counts that some of them are told exactly."""
    of_changes = earlier.of(network, rule, of_changes=True)
    pasts = [of_changes, earlier.of(network, rule, of_changes=False)] if of_changes.changes else [of_changes]
    if of_changes.is_supposed:
        pasts.insert(-1, earlier.of(network, rule, of_changes=False, supposing=False))
    for past in pasts:
        for known in (exact, None) if exact.any() else (None,):
            yield Knowledge(network, rule, past, known, parts_of_small=parts_of_small)


def _flags(network: Network, totals: Mapping[Group, Collection[str]]) -> Flags:
    """Of which counts `totals` are, and so of which scores it is told whether they are given."""
    found = np.zeros(network.values.shape, dtype=np.bool_)
    for layer, one in enumerate(network.layers) if totals else ():
        for measure, population in one.populations:
            places = [place for place, group in network.groups[measure].items() if population in totals.get(group, ())]
            found[places, layer] = True
    for one in network.layers if totals else ():
        if one.is_scored:
            *parts, score = one.score_parts
            found[:, score] = found[:, parts].all(axis=1)
    return found


def _frozen(named: Mapping[Group, set[str]]) -> dict[Group, frozenset[str]]:
    return {group: frozenset(populations) for group, populations in named.items()}


def _named(network: Network, flags: Flags) -> Iterator[tuple[Group, str]]:
    for place, layer in np.argwhere(flags).tolist():
        for measure, population in network.layers[layer].populations:
            if place in network.groups[measure]:
                yield network.groups[measure][place], population
