"""The unknown numbers of people, one for each thing that each report counts, and between what each of them must lie."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hi_fhir.attack.told import OF_RUN, SCORE, Bools, Ints, Name, Report, State, Told

UNBOUNDED = 2**30
"""More people than any number here can be."""

OUTSIDE, REST, KEPT = "outside-denominator", "in-none", "score-numerator"
"""Counts that no report gives and that lie between those it gives: of the initial population, who is not in the
denominator; of the denominator, who is in none of what is counted in it; of the numerator, who is not taken out."""

_DERIVED = {
    OUTSIDE: ("initial_population", "denominator"),
    REST: ("denominator", "numerator"),
    KEPT: ("numerator", "numerator_exclusion"),
}


@dataclass(frozen=True)
class Counts:
    """All counts by place: that of a name in a report is `report * len(names) + name`.

    low, high: between which it lies, both included. is_there: whether a report counts it or it is derived from such.
    is_masked: whether a report says that it is not given since it is small.
    """

    reports: tuple[Report, ...]
    names: tuple[Name, ...]
    low: Ints
    high: Ints
    is_there: Bools
    is_masked: Bools
    score: Ints
    """By report and name of the population KEPT: what is told of the share (State); -1: nothing."""

    @cached_property
    def places(self) -> Mapping[Name, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def is_of_run(self) -> Bools:
        """By name: whether it is a count of the whole run, which each report repeats."""
        return np.array([name.stratifier.startswith(OF_RUN) for name in self.names], dtype=np.bool_)

    @property
    def grid(self) -> Bools:
        """is_there by report and name."""
        return self.is_there.reshape(len(self.reports), len(self.names))

    def named(self, place: int) -> tuple[Report, Name]:
        report, name = divmod(int(place), len(self.names))
        return self.reports[report], self.names[name]


def counts_of(told: Told) -> Counts:
    """What a reader knows of each count before any is held against another."""
    names = (*(name for name in told.names if name.population != SCORE), *_derived(told.names))
    places = {name: place for place, name in enumerate(names)}
    shape = (len(told.reports), len(names))
    low, high = np.zeros(shape, dtype=np.int32), np.full(shape, UNBOUNDED, dtype=np.int32)
    is_there, is_masked = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    score = np.full(shape, -1, dtype=np.int32)
    of_name = np.array([places.get(_score_name(name), 0) for name in told.names], dtype=np.int32)
    report, name = told.report, of_name[told.name]
    is_score = told.state >= State.SCORE_SMALL
    score[report[is_score], name[is_score]] = told.state[is_score]
    report, name, state, value = (column[~is_score] for column in (report, name, told.state, told.value))
    least, most = _told_bounds(told.reports, report, state, value)
    low[report, name], high[report, name] = least, most
    is_there[report, name] = True
    is_masked[report, name] = state == State.MASKED
    _mark_derived(is_there, names, places)
    return Counts(told.reports, names, low.ravel(), high.ravel(), is_there.ravel(), is_masked.ravel(), score.ravel())


def _told_bounds(reports: tuple[Report, ...], report: Ints, state: Ints, value: Ints) -> tuple[Ints, Ints]:
    """Between what each cell lies by itself."""
    masked_to = np.array([one.rounding.masked_to for one in reports], dtype=np.int32)[report]
    base = np.array([one.rounding.base for one in reports], dtype=np.int32)[report]
    below, above = base // 2, (base - 1) // 2  # of two multiples that are as near, the higher was given
    is_exact, is_rounded, is_masked = (state == one for one in (State.EXACT, State.ROUNDED, State.MASKED))
    low = np.select([is_exact, is_rounded, is_masked], [value, np.maximum(value - below, masked_to + 1), 1], 0)
    high = np.select([is_exact, is_rounded, is_masked], [value, value + above, masked_to], UNBOUNDED)
    return low.astype(np.int32), high.astype(np.int32)


def _score_name(name: Name) -> Name:
    return name._replace(population=KEPT) if name.population == SCORE else name


def _derived(names: Iterable[Name]) -> list[Name]:
    there = set(names)
    return [
        Name(*group, derived)
        for group in dict.fromkeys(name.group for name in names)
        for derived, of in _DERIVED.items()
        if any(Name(*group, population) in there for population in of[:1])
    ]


def _mark_derived(is_there: Bools, names: tuple[Name, ...], places: Mapping[Name, int]) -> None:
    for place, name in enumerate(names):
        if of := _DERIVED.get(name.population):
            known = [places[Name(*name.group, one)] for one in of if Name(*name.group, one) in places]
            is_there[:, place] = is_there[:, known[0]] & (is_there[:, known[-1]] if name.population != KEPT else True)
