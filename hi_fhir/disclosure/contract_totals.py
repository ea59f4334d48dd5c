"""Totals of contract indicators, which a policy may tell exactly: payment under a contract goes by them.

A total is of a whole network, unstratified. It is the same number wherever the same practices are counted together: in
the network's own report, as the network's stratum of a board that has all of it, as a board that has nothing else.
"""

from collections.abc import Collection, Mapping

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.measures.stratifiers import ALL, PCN, UNKNOWN

Practices = frozenset[str]


def exact_totals(
    counts: ExactCounts, populations: Collection[str], untold: Mapping[Group, Collection[str]]
) -> dict[Group, frozenset[str]]:
    """Groups to the populations that are told exactly. untold: populations that are withheld for other reasons.

    Those of other measures that are the same people by definition are the same numbers, and so told alike. A network of
    one practice has none: its totals would be the practice's.
    """
    networks = {own for own in _networks(counts.hierarchy).values() if len(own) > 1}
    of_networks: dict[Practices, list[Group]] = {}
    for group in counts.groups if counts.contract else ():
        if (own := _practices(group, counts.hierarchy)) in networks:
            of_networks.setdefault(own, []).append(group)
    found: dict[Group, frozenset[str]] = {}
    for groups in of_networks.values():
        numbers = {
            (counts.conditions.get((group.measure_id, name), (group.measure_id, name)), counts.groups[group][name])
            for group in groups
            if group.measure_id in counts.contract
            for name in counts.groups[group].keys() & set(populations)
            if name not in untold.get(group, ())
        }
        for group in groups:
            names = frozenset(
                name
                for name, count in counts.groups[group].items()
                if (counts.conditions.get((group.measure_id, name), (group.measure_id, name)), count) in numbers
                and name not in untold.get(group, ())
            )
            if names:
                found[group] = names
    return found


def _networks(hierarchy: Hierarchy) -> dict[str, Practices]:
    found: dict[str, Practices] = {}
    for practice, network in hierarchy.pcns.items():
        if network is not None:
            found[network] = found.get(network, frozenset()) | {practice}
    return found


def _practices(group: Group, hierarchy: Hierarchy) -> Practices:
    """The practices of which a group counts everybody; none where it is a stratum of people."""
    covered = frozenset(hierarchy.practices.get(group.reporter, ()))
    if group.stratifier == ALL:
        return covered
    if group.stratifier == PCN:
        return frozenset(one for one in covered if (hierarchy.pcns.get(one) or UNKNOWN) == group.stratum)
    return frozenset()
