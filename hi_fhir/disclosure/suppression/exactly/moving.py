"""Tables that fit what is told, made without a programme: people of a practice go from one population to another.

Whoever goes is in one stratum of each breakdown, of the practice and of the areas that it is in. So a move is a way
through the strata, times what changes among populations: it keeps every sum, and fits where all counts have room.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.suppression.equations import Equations, Flags, Known, Limits, Numbers
from hi_fhir.disclosure.suppression.exactly.ways import Ways
from hi_fhir.disclosure.suppression.network import Network
from hi_fhir.disclosure.suppression.together.graphs import layouts
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE

_EACH_LAYER, _TRIED, _MOST_CHANGED = 3, 400, 100
_PEOPLE = (1, -1, 2, -2)
"""How many go, each beside its opposite."""


class Shown(NamedTuple):
    """That counts of a layer can be so many more: `flags` by place."""

    layer: int
    more: int
    flags: Flags


def moved(network: Network, known: Known, bounds: Limits) -> Iterator[Shown]:
    """By how much counts can change at once with others. known, bounds: by place and layer, as told and as follows."""
    changes = [*_changes(network.system.within, len(network.layers))]
    practices = [*_practices(network)]
    if not changes or not practices:
        return
    room = {more: _room(network, known, bounds, more) for more in _PEOPLE}
    cases = [(change, people) for change in changes for people in _PEOPLE]
    fits = np.stack([_fits(room, change, people) for change, people in cases], axis=1)
    found = np.zeros_like(fits)
    for ways, places, stratum in practices:
        at_all = np.ones((ways.strata, len(cases)), dtype=np.bool_)
        np.logical_and.at(at_all, stratum, fits[places])
        found[places] |= ways.through(at_all, np.arange(len(cases)) ^ 1)[stratum]
    for number, (change, people) in enumerate(cases):
        if found[:, number].any():
            for layer, more in change.items():
                yield Shown(layer, more * people, found[:, number])


def _room(network: Network, known: Known, bounds: Limits, more: int) -> Flags:
    """Which counts can be so many more by what is known of each."""
    values = network.values + more
    is_few = (values > 0) & (values <= known.few) & known.not_few
    found: Flags = (values >= bounds.low) & (values <= bounds.high) & ~is_few
    return found


def _fits(room: Mapping[int, Flags], change: Mapping[int, int], people: int) -> Flags:
    found: Flags = np.logical_and.reduce([room[more * people][:, layer] for layer, more in change.items()])
    return found


def _changes(within: Equations, layers: int) -> Iterator[dict[int, int]]:
    """What can change among populations by one person: by layer one more or one fewer, so that all sums hold."""
    ends = np.cumsum(within.length).tolist()
    sums = [
        (whole, within.part[end - length : end].tolist())
        for whole, length, end in zip(within.whole.tolist(), within.length.tolist(), ends, strict=True)
    ]
    of: dict[int, list[int]] = {}
    for number, (whole, parts) in enumerate(sums):
        for layer in (whole, *parts):
            of.setdefault(layer, []).append(number)
    seen = set[frozenset[tuple[int, int]]]()
    for layer in range(layers):
        for change in _completed(layer, sums, of):
            name = frozenset(change.items())
            if name not in seen and frozenset((one, -more) for one, more in name) not in seen:
                seen.add(name)
                yield change


def _completed(
    layer: int, sums: Sequence[tuple[int, list[int]]], of: Mapping[int, list[int]]
) -> Iterator[dict[int, int]]:
    """Ways in which one more of a layer is made up for by others, in no more than a few steps."""
    left, found, stack = _TRIED, 0, [{layer: 1}]
    while stack and left and found < _EACH_LAYER:
        left -= 1
        change = stack.pop()
        broken = next((number for one in change for number in of.get(one, ()) if _over(sums[number], change)), None)
        if broken is None:
            found += 1
            yield change
        elif len(change) < _MOST_CHANGED:
            whole, parts = sums[broken]
            over = _over(sums[broken], change)
            others = [(whole, -over)] if whole not in change else []
            others += [(part, over) for part in parts if part not in change]
            stack += [{**change, one: more} for one, more in others if abs(more) == 1]


def _over(one: tuple[int, list[int]], change: Mapping[int, int]) -> int:
    """By how much more a whole changes than its parts."""
    whole, parts = one
    return change.get(whole, 0) - sum(change.get(part, 0) for part in parts)


def _practices(network: Network) -> Iterator[tuple[Ways, Numbers, Numbers]]:
    """For each practice of which all sums are understood: the ways through its strata, the places in which its people
    are, and the stratum of each place by position."""
    among = network.system.among
    areas = _areas(network)
    keys = [(ALL, ALL) if place[1] in (PRACTICE, PCN) else place[1:] for place in network.places]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    key = np.array([numbers[one] for one in keys], dtype=np.int64)
    is_across = _all_parts(among, key[among.part] == key[among.whole[among.equation]])
    for layout in layouts(network.places, network.sums):
        strata = [keys[place] for place in layout.places[0].tolist()]
        position = {one: number for number, one in enumerate(strata)}
        ways = Ways.of(layout, len(strata))
        if ways is None or len(position) < len(strata):
            continue
        for reporter in sorted({network.places[place][0] for place in layout.places[:, 0].tolist()}):
            if any(reporter in within for within in areas.values()):
                continue
            is_in = np.array([_is_in(place, reporter, areas.get(reporter, frozenset())) for place in network.places])
            places = np.flatnonzero(is_in)
            if all(keys[place] in position for place in places.tolist()) and _is_understood(
                among, is_in, is_across, ways, [position.get(one, -1) for one in keys]
            ):
                yield ways, places, np.array([position[keys[place]] for place in places.tolist()], dtype=np.int64)


def _all_parts(equations: Equations, flags: Flags) -> Flags:
    """By equation, whether all of its parts are flagged."""
    starts = np.cumsum(equations.length) - equations.length
    found: Flags = np.logical_and.reduceat(flags, starts) if len(starts) else flags
    return found


def _areas(network: Network) -> dict[str, frozenset[str]]:
    """By reporter, the others that it adds up to, directly or through others."""
    found: dict[str, set[str]] = {}
    sums = network.sums
    for whole, part in zip(sums.whole[sums.equation].tolist(), sums.part.tolist(), strict=True):
        wide, narrow = network.places[whole][0], network.places[part][0]
        if wide != narrow:
            found.setdefault(narrow, set()).add(wide)
    while True:
        wider = {one: own.union(*(found.get(area, set()) for area in own)) for one, own in found.items()}
        if wider == found:
            return {one: frozenset(own) for one, own in found.items()}
        found = wider


def _is_in(place: tuple[str, str, str], practice: str, areas: frozenset[str]) -> bool:
    """Whether a practice's people are counted there."""
    reporter, stratifier, stratum = place
    if reporter != practice and reporter not in areas:
        return False
    if stratifier == PRACTICE:
        return stratum == practice
    return stratifier != PCN or stratum in areas or stratum == practice


def _is_understood(among: Equations, is_in: Flags, is_across: Flags, ways: Ways, position: Sequence[int]) -> bool:
    """Whether each sum holds when one person of a practice more goes through its strata.

    is_in: places in which its people are. is_across: sums of the same stratum of several reporters.
    """
    starts = np.cumsum(among.length) - among.length
    if not len(starts):
        return True
    inside, is_whole_in = np.add.reduceat(is_in[among.part].astype(np.int64), starts), is_in[among.whole]
    holds = np.where(is_across, inside == is_whole_in, inside == is_whole_in * among.length)
    if not holds.all():
        return False
    sums = {
        (position[among.whole[number]], frozenset(position[part] for part in among.part[one].tolist()))
        for number in np.flatnonzero(is_whole_in & ~is_across).tolist()
        for one in [slice(starts[number], starts[number] + among.length[number])]
    }
    return all(ways.keep(whole, parts) for whole, parts in sums)
