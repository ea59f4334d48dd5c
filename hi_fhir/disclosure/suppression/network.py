"""The counts of measures that share people, with all sums among them: what is protected in one piece.

A layer is a population, told once where several measures have the same by definition; a place is a reporter's stratum.
A count stands where its layer and its place meet. Layers that nobody is told of are who is left of a population once
its parts are taken away.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hi_fhir.disclosure.counts import SCORE, ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.hierarchy import sums
from hi_fhir.disclosure.scores import PARTS
from hi_fhir.disclosure.suppression.equations import Equations, EquationSystem, Flags, Numbers
from hi_fhir.measures.model import OCCASIONS

Place = tuple[str, str, str]
"""Reporter, stratifier and stratum."""
Population = tuple[str, str]
"""Measure id and population, or what is left of one."""

REACHED, NOT_REACHED = "reached", "not-reached"
"""Who is in the score's numerator, which an exclusion leaves some of, and who is in its denominator alone."""
_LEFT: Sequence[tuple[str, Sequence[str], str]] = (
    ("initial_population", ("denominator",), "outside-denominator"),
    ("denominator", ("denominator_exclusion", "denominator_exception", "numerator"), NOT_REACHED),
    ("numerator", ("numerator_exclusion",), REACHED),
)
"""Populations, the parts of each that have nobody in common, and what is left of it."""


@dataclass(frozen=True)
class Layer:
    """populations: every measure's name of it. is_told: whether its counts have cells.

    Of who is in a score's numerator or in its denominator alone, where that is no population: scored: the layers of
    both; score_parts: the layers of the populations that the score is worked out from, with one that is the score's
    own, of nobody: where it is suppressed, neither a score is given nor why not; numerator: that of them.
    people: of occasions, the layer of whose they are: they are masked where these are few, however many there are.
    """

    populations: tuple[Population, ...]
    is_told: bool = True
    scored: tuple[int, ...] = ()
    score_parts: tuple[int, ...] = ()
    numerator: int | None = None
    people: int | None = None

    @property
    def is_scored(self) -> bool:
        return bool(self.scored)


class AmongPlaces(NamedTuple):
    """Sums among places: all, and those from which the others follow."""

    every: Equations
    needed: Equations


@dataclass(frozen=True)
class Network:
    """values: exact counts. Shape (place, layer), as of all arrays of a network.

    is_counted: of which there is a count at all, told or not; the others are 0. is_there: those that may be told.
    sums: all among places, those too that follow from the system's. parts: layers of a population, each with those of
    the populations within it by one measure. groups: each measure's own, by its place's position.
    """

    layers: Sequence[Layer]
    places: Sequence[Place]
    values: Numbers
    is_counted: Flags
    is_there: Flags
    system: EquationSystem
    sums: Equations
    parts: Sequence[tuple[int, tuple[int, ...]]]
    groups: Mapping[str, Mapping[int, Group]]


def networks(counts: ExactCounts, untold: Mapping[Group, Collection[str]]) -> Iterator[Network]:
    """All counts of a release, taken apart into networks without an equation between them.

    untold: populations of groups that have no cell with a count.
    """
    by_measure: dict[str, list[Group]] = {}
    for group in counts.groups:
        by_measure.setdefault(group.measure_id, []).append(group)
    known: dict[tuple[Place, ...], AmongPlaces] = {}
    for measures in _connected(counts, by_measure):
        places = tuple(sorted({group[1:] for measure in measures for group in by_measure[measure]}))
        if places not in known:
            known[places] = _among_places(places, counts.hierarchy)
        yield _network(counts, untold, {measure: by_measure[measure] for measure in measures}, places, known[places])


def _key(counts: ExactCounts, population: Population) -> Hashable:
    """What stands for the people of a population."""
    return counts.conditions.get(population, population)


def _wider(keys: Iterable[Hashable]) -> Iterator[tuple[Hashable, Hashable]]:
    """Of each population that lies within others by its conditions, it and the closest of these."""
    known = [one for one in keys if isinstance(one, frozenset)]
    for narrow in known:
        wide = [one for one in known if one < narrow]
        yield from ((narrow, one) for one in wide if not any(one < other for other in wide))


def _connected(counts: ExactCounts, by_measure: Mapping[str, Sequence[Group]]) -> list[list[str]]:
    """Measures of which one has a population that lies within another's, directly or through others."""
    measures: dict[Hashable, list[str]] = {}
    for measure, groups in sorted(by_measure.items()):
        for population in counts.groups[groups[0]]:
            measures.setdefault(_key(counts, (measure, population)), []).append(measure)
    together = [set(own) for own in measures.values()]
    together += [{measures[narrow][0], measures[wide][0]} for narrow, wide in _wider(measures)]
    found: list[set[str]] = []
    for own in together:
        near = [one for one in found if one & own]
        found = [one for one in found if not one & own]
        found.append(own.union(*near))
    return sorted(map(sorted, found))


def _among_places(places: Sequence[Place], hierarchy: Hierarchy) -> AmongPlaces:
    position = {place: number for number, place in enumerate(places)}
    told = sums([Group("", *place) for place in places], hierarchy)
    every = [(position[one.whole[1:]], [position[part[1:]] for part in one.parts]) for one in told]
    return AmongPlaces(Equations.of(every), Equations.of(_needed(every)))


def _needed(told: Sequence[tuple[int, Sequence[int]]]) -> Iterator[tuple[int, Sequence[int]]]:
    """The sums without those that follow from others left: from a whole's coarser parts, each the sum of finer ones."""
    parts: dict[int, list[frozenset[int]]] = {}
    for whole, own in told:
        parts.setdefault(whole, []).append(frozenset(own))
    for whole, own in told:
        fine = frozenset(own)
        if any(_is_split(coarse, fine, parts) for coarse in parts[whole] if len(coarse) < len(fine)):
            parts[whole].remove(fine)
        else:
            yield whole, own


def _is_split(coarse: frozenset[int], fine: frozenset[int], parts: Mapping[int, Sequence[frozenset[int]]]) -> bool:
    """Whether each of the coarser parts is a finer one or the sum of some, and none is left."""
    within = [next((some for some in parts.get(one, ()) if some <= fine), None) for one in coarse if one not in fine]
    return None not in within and sum(map(len, filter(None, within))) + len(coarse & fine) == len(fine)


def _network(
    counts: ExactCounts,
    untold: Mapping[Group, Collection[str]],
    by_measure: Mapping[str, Sequence[Group]],
    places: Sequence[Place],
    among: AmongPlaces,
) -> Network:
    position = {place: number for number, place in enumerate(places)}
    own = {measure: {position[group[1:]]: group for group in groups} for measure, groups in by_measure.items()}
    columns = {
        (measure, population): _column(counts, population, own[measure], len(places))
        for measure, groups in by_measure.items()
        for population in counts.groups[groups[0]]
    }
    named = _same_people(counts, columns)
    layers = [Layer(tuple(populations)) for populations in named.values()]
    of = {population: number for number, layer in enumerate(layers) for population in layer.populations}
    for measure in by_measure:
        if (occasions := of.get((measure, OCCASIONS))) is not None:
            layers[occasions] = replace(layers[occasions], people=of[measure, "numerator"])
    parts_of = [*_left_over(by_measure, of, layers)]
    left = [*parts_of, *_outside(named, columns, of, layers)]
    values = np.zeros((len(places), len(layers)), dtype=np.int64)
    is_counted, is_there = np.zeros(values.shape, dtype=np.bool_), np.zeros(values.shape, dtype=np.bool_)
    for (measure, population), layer in of.items():
        at, column = list(own[measure]), columns[measure, population]
        values[at, layer] = column[at]
        is_counted[at, layer] = True
        is_there[at, layer] |= [population not in untold.get(group, ()) for group in own[measure].values()]
    for score, one in enumerate(layers):
        if one.populations[0][1] == SCORE:
            is_there[list(own[one.populations[0][0]]), score] = True
    for whole, parts in left:
        values[:, parts[-1]] = values[:, whole] - values[:, parts[:-1]].sum(axis=1)
        is_counted[:, parts[-1]] = is_counted[:, [whole, *parts[:-1]]].all(axis=1)
    system = EquationSystem(among.needed, Equations.of(left))
    return Network(layers, places, values, is_counted, is_there, system, among.every, parts_of, own)


def _column(counts: ExactCounts, population: str, groups: Mapping[int, Group], places: int) -> Numbers:
    """The counts of a population by place; -1 where its measure has none."""
    found = np.full(places, -1, dtype=np.int64)
    found[list(groups)] = [counts.groups[group][population] for group in groups.values()]
    return found


def _same_people(
    counts: ExactCounts, columns: Mapping[Population, Numbers]
) -> dict[tuple[Hashable, int], list[Population]]:
    """Populations of the same people, by what stands for these, and which of several it is where the counts differ.

    Then the definitions do not say all, and nobody can go by them.
    """
    found: dict[tuple[Hashable, int], list[Population]] = {}
    for population, column in columns.items():
        key, number = _key(counts, population), 0
        while (key, number) in found and not all(
            _agree(column, columns[one], column == columns[one]) for one in found[key, number]
        ):
            number += 1
        found.setdefault((key, number), []).append(population)
    return found


def _agree(one: Numbers, other: Numbers, flags: Flags) -> bool:
    """Whether flags are set wherever both have a count."""
    return bool(flags[(one >= 0) & (other >= 0)].all())


def _left_over(
    measures: Iterable[str], of: Mapping[Population, int], layers: list[Layer]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The equations between layers of one measure; a layer that is left over is appended to `layers`."""
    for measure in measures:
        added: dict[str, int] = {}
        for whole, names, left in _LEFT:
            parts = tuple(of[measure, name] for name in names if (measure, name) in of)
            if (measure, whole) in of and parts and of[measure, whole] not in parts:
                added[left] = len(layers)
                layers.append(Layer(((measure, left),), is_told=False))
                yield of[measure, whole], (*parts, added[left])
        if NOT_REACHED in added:
            numerator = of[measure, "numerator"]
            scored = (added.get(REACHED, numerator), added[NOT_REACHED])
            shown = (*(of[measure, name] for name in PARTS if (measure, name) in of), len(layers))
            layers.append(Layer(((measure, SCORE),)))
            for number in {added[NOT_REACHED], added.get(REACHED, added[NOT_REACHED])}:
                layers[number] = replace(layers[number], scored=scored, score_parts=shown, numerator=numerator)


def _outside(
    named: Mapping[tuple[Hashable, int], Sequence[Population]],
    columns: Mapping[Population, Numbers],
    of: Mapping[Population, int],
    layers: list[Layer],
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The equations between layers of several measures: who is in the wider one alone is appended to `layers`.

    None where there are more people in the narrower one, so that it does not lie in the other.
    """
    for narrow, wide in _wider([key for key, number in named if number == 0]):
        inner, outer = named[narrow, 0], named[wide, 0]
        is_told = {measure for measure, _ in inner} & {measure for measure, _ in outer}
        one, other = columns[inner[0]], columns[outer[0]]
        if not is_told and _agree(one, other, one <= other):
            measure, population = inner[0]
            layers.append(Layer(((measure, f"outside-{population}"),), is_told=False))
            yield of[outer[0]], (of[inner[0]], len(layers) - 1)
