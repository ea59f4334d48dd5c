"""The unknown numbers of people, one for each thing that each report counts, and between what each of them must lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from hi_fhir.attack.told import OCCASIONS, OF_RUN, OF_THE_RUN, UNBOUNDED, Bools, Ints, Name, Report, State, Told
from hi_fhir.attack.true_counts import by_practice

OUTSIDE, REST, KEPT, OTHERS = "outside-denominator", "in-none", "score-numerator", "score-others"
SCORED = "score-denominator"
"""Populations that no report gives and that lie between those it gives: of the initial population, who is not in the
denominator; of the denominator, who is in none of what is counted in it; of the numerator, who is not taken out of it
again, and of those that a share is of, who is not among these. Where shares are published: those that they are of."""

_DERIVED = {
    OUTSIDE: ("initial_population", "denominator"),
    REST: ("denominator", "numerator"),
    KEPT: ("denominator", "numerator", "numerator_exclusion"),
    OTHERS: ("denominator", "numerator", "numerator_exclusion"),
    SCORED: ("denominator", "numerator"),
}
"""Each with the populations that it lies between."""
UNKNOWN = -(2**30)
"""In place of a true count that is not at hand."""


_TAKEN_OUT = ((-1, "denominator_exclusion"), (-1, "denominator_exception"))
_LEFT_OVER = {
    OUTSIDE: ((1, "initial_population"), (-1, "denominator")),
    REST: ((1, "denominator"), *_TAKEN_OUT, (-1, "numerator")),
    KEPT: ((1, "numerator"), (-1, "numerator_exclusion")),
    OTHERS: ((1, "denominator"), *_TAKEN_OUT, (-1, "numerator"), (1, "numerator_exclusion")),
    SCORED: ((1, "denominator"), *_TAKEN_OUT),
}
"""Each as a sum of populations."""
NOT_AT_HAND: Mapping[str, pa.Table] = {}


@dataclass(frozen=True)
class Counts:
    """All counts by place: that of a name in a report is `report * len(names) + name`.

    low, high: between which it lies, both included. is_there: whether a report counts it or it is derived from such.
    is_guarded: whether a report says that it is not given since it is small or of a small group, of people who are not
    those of whoever attacks; or it is of those who are left of such a group. is_given: whether it is told exactly by a
    policy that means to. true: how many people it is, UNKNOWN where that is not at hand: somebody who knows what was
    corrected from one edition to another knows of both by how much they differ, and no more. knows_changes: whether
    whoever attacks does; else it is known of counts alone which are the same.
    """

    reports: tuple[Report, ...]
    names: tuple[Name, ...]
    low: Ints
    high: Ints
    is_there: Bools
    is_guarded: Bools
    is_given: Bools
    true: Ints
    knows_changes: bool

    @cached_property
    def is_counted(self) -> Bools:
        """By report: whether the true counts behind it are at hand."""
        found: Bools = (self.true.reshape(len(self.reports), -1) != UNKNOWN).any(axis=1)
        return found

    @cached_property
    def places(self) -> Mapping[Name, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def is_of_run(self) -> Bools:
        """By name: whether it is a count of the whole run, which each report repeats."""
        return np.array([name.stratifier.startswith(OF_RUN) for name in self.names], dtype=np.bool_)

    @cached_property
    def has_cell(self) -> Bools:
        """Whether reports have a cell for it, if it is there; else it is who is left over of others that have."""
        is_derived = np.array([name.population in _DERIVED for name in self.names], dtype=np.bool_)
        return ~np.tile(is_derived, len(self.reports))

    @property
    def is_guarded_cell(self) -> Bools:
        """Guarded counts that reports have a cell for."""
        return self.is_guarded & self.has_cell

    @property
    def grid(self) -> Bools:
        """is_there by report and name."""
        return self.is_there.reshape(len(self.reports), len(self.names))

    def named(self, place: int) -> tuple[Report, Name]:
        report, name = divmod(int(place), len(self.names))
        return self.reports[report], self.names[name]


def counts_of(told: Told, exact: Mapping[str, pa.Table] = NOT_AT_HAND, *, knows_changes: bool = True) -> Counts:
    """What a reader knows of each count before any is held against another.

    exact: COUNTS of the evaluations that are at hand, by edition. knows_changes: as of Counts.
    """
    names = (*told.names, *_derived(told.names, has_ratios=len(told.ratios.low) > 0))
    shape = (len(told.reports), len(names))
    low, high = np.zeros(shape, dtype=np.int32), np.full(shape, UNBOUNDED, dtype=np.int32)
    is_there, is_guarded, is_within = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    is_count = told.state <= State.WITHHELD
    report, name, state, value = (one[is_count] for one in (told.report, told.name, told.state, told.value))
    low[report, name], high[report, name] = _bounds(told, report, name, state, value)
    is_there[report, name] = True
    is_own = _is_own(told, report, name)
    is_guarded[report, name] = np.isin(state, (State.MASKED, State.WITHIN_FEW)) & ~is_own
    _mark_derived(is_there, names)
    is_within[report, name] = (state == State.WITHIN_FEW) & ~is_own
    _guard_left(is_guarded, is_within & is_there, names)
    is_given = np.zeros(shape, dtype=np.bool_)
    given = _is_given(told, report, name, state, value)
    is_given[report[given], name[given]] = True
    true = _true(told.reports, names, is_there, exact)
    return Counts(
        told.reports,
        names,
        low.ravel(),
        high.ravel(),
        is_there.ravel(),
        is_guarded.ravel(),
        is_given.ravel(),
        true.ravel(),
        knows_changes,
    )


def _true(reports: Sequence[Report], names: Sequence[Name], is_there: Bools, exact: Mapping[str, pa.Table]) -> Ints:
    """How many people each count is, by report and name."""
    found = np.full(is_there.shape, UNKNOWN, dtype=np.int32)
    editions = {edition: by_practice(table, names) for edition, table in exact.items()}
    for place, report in enumerate(reports):
        own = editions.get(report.edition, {}).get(report.measure.rpartition("/")[2], {})
        if report.practices and own.keys() >= set(report.practices):
            people = np.sum([own[practice] for practice in report.practices], axis=0, dtype=np.int32)
            found[place] = np.where(is_there[place], people, UNKNOWN)
    places = {name: place for place, name in enumerate(names)}
    for place, name in enumerate(names):
        if terms := _LEFT_OVER.get(name.population):
            known = [(sign, places[one]) for sign, own in terms if (one := name._replace(population=own)) in places]
            columns = [sign * np.where(is_there[:, column], found[:, column], 0) for sign, column in known]
            is_known = np.all([~is_there[:, column] | (found[:, column] != UNKNOWN) for _, column in known], axis=0)
            found[:, place] = np.where(is_known & is_there[:, place], np.sum(columns, axis=0), UNKNOWN)
    return found


def _bounds(told: Told, report: Ints, name: Ints, state: Ints, value: Ints) -> tuple[Ints, Ints]:
    """Between what each count must lie by itself."""
    rounding = np.array([one.rounding for one in told.reports], dtype=np.int32).reshape(-1, 2)
    masked_to, base = rounding[report].T
    is_of_run = np.array([one.stratifier.startswith(OF_RUN) for one in told.names], dtype=np.bool_)
    masked_to, base = (
        np.where(is_of_run[name], own, given) for own, given in zip(OF_THE_RUN, (masked_to, base), strict=True)
    )
    near = base // 2  # of two multiples that are as near, nobody tells which was given
    is_exact, is_rounded, is_masked = (state == one for one in (State.EXACT, State.ROUNDED, State.MASKED))
    low = np.select([is_exact, is_rounded, is_masked], [value, np.maximum(value - near, masked_to + 1), 1], 0)
    is_of_few = np.array([one.population == OCCASIONS for one in told.names], dtype=np.bool_)[name]
    most = np.where(is_of_few, UNBOUNDED, masked_to)  # few people, however often
    high = np.select([is_exact, is_rounded, is_masked], [value, value + near, most], UNBOUNDED)
    return low.astype(np.int32), high.astype(np.int32)


def _is_given(told: Told, report: Ints, name: Ints, state: Ints, value: Ints) -> Bools:
    """By cell: whether it is a total that is told exactly; so are those that are 0 beside one that is not."""
    tells = np.array([one.tells_totals for one in told.reports], dtype=np.bool_)[report]
    groups: dict[tuple[str, str], int] = {}
    group = np.array([groups.setdefault(one.group, len(groups)) for one in told.names], dtype=np.int64)[name]
    key, is_exact = report.astype(np.int64) * max(len(groups), 1) + group, tells & (state == State.EXACT)
    found: Bools = is_exact & np.isin(key, key[is_exact & (value > 0)])
    return found


def _is_own(told: Told, report: Ints, name: Ints) -> Bools:
    """By cell: whether it is of a practice that knows its own people."""
    of_report = np.array([one.reporter in told.knowing for one in told.reports], dtype=np.bool_)
    of_name = np.array([one.stratum in told.knowing for one in told.names], dtype=np.bool_)
    found: Bools = of_report[report] | of_name[name]
    return found


def _derived(names: Sequence[Name], *, has_ratios: bool) -> list[Name]:
    there = set(names)
    return [
        Name(*group, derived)
        for group in dict.fromkeys(name.group for name in names)
        for derived, between in _DERIVED.items()
        if there.issuperset(Name(*group, population) for population in between) and (derived != SCORED or has_ratios)
    ]


def _mark_derived(is_there: Bools, names: Sequence[Name]) -> None:
    """A derived count is there where all that it lies between is."""
    places = {name: place for place, name in enumerate(names)}
    for place, name in enumerate(names):
        if between := _DERIVED.get(name.population):
            is_there[:, place] = is_there[:, [places[Name(*name.group, one)] for one in between]].all(axis=1)


def _guard_left(is_guarded: Bools, is_within: Bools, names: Sequence[Name]) -> None:
    """Nor may it be found out that nobody of a small group is left beside its numerator."""
    places = {name: place for place, name in enumerate(names)}
    for place, name in enumerate(names):
        if name.population in (REST, OTHERS):
            is_guarded[:, place] |= is_within[:, places[name._replace(population="numerator")]]
