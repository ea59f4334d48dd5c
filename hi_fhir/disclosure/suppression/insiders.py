"""Readers who know some counts exactly: practices know their own people, whatever is told of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hi_fhir.disclosure.counts import Hierarchy
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.network import Network, Place
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE, UNKNOWN


@dataclass(frozen=True)
class Insider:
    """knows: places whose counts a practice knows exactly. is_in: those in which its own people are.

    is_guarded: counts that it may not work out: those of which few people are not its own.
    """

    knows: Flags
    is_in: Flags
    is_guarded: Flags


def nobody(is_small: Flags) -> Insider:
    """Who knows nothing but what is told."""
    nowhere = np.zeros(len(is_small), dtype=np.bool_)
    return Insider(nowhere, nowhere, is_small)


def insiders(network: Network, hierarchy: Hierarchy, few: int, is_guarded: Flags) -> Iterator[Insider]:
    """Every practice. few: the largest small count. is_guarded: layers of which these may not be worked out."""
    position = {place: number for number, place in enumerate(network.places)}
    of_practice: dict[str, list[tuple[int, int, bool]]] = {}
    for number, place in enumerate(network.places):
        covered = _practices(place, hierarchy)
        for practice in covered:
            its_own = position.get(_of_practice(place, practice))
            if its_own is not None:
                of_practice.setdefault(practice, []).append((number, its_own, len(covered) == 1))
    for _, places in sorted(of_practice.items()):
        at, own, is_all = (np.array(column) for column in zip(*places, strict=True))
        others = network.values.copy()
        others[at] -= network.values[own]
        is_few = (others > 0) & (others <= few)
        for layer, one in enumerate(network.layers):
            if one.people is not None:
                is_few[:, layer] |= is_few[:, one.people]
        knows = np.zeros(len(others), dtype=np.bool_)
        knows[at[is_all]] = True
        is_in = np.zeros_like(knows)
        is_in[at] = True
        yield Insider(knows, is_in, is_few & is_guarded & ~knows[:, None])


def _of_practice(place: Place, practice: str) -> Place:
    """Where the same people are counted that `place` counts, as far as they are the practice's."""
    return (practice, ALL, ALL) if place[1] in (PRACTICE, PCN) else (practice, *place[1:])


def _practices(place: Place, hierarchy: Hierarchy) -> frozenset[str]:
    """The practices whose people a place counts."""
    reporter, stratifier, stratum = place
    covered = frozenset(hierarchy.practices.get(reporter, ()))
    if stratifier == PRACTICE:
        return covered & {stratum}
    if stratifier == PCN:
        return frozenset(one for one in covered if (hierarchy.pcns.get(one) or UNKNOWN) == stratum)
    return covered
