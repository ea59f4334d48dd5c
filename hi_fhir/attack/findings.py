"""What was recovered of what is masked, by how much is left of it, where it stands, and from what."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hi_fhir.attack.bounds import Bounds
from hi_fhir.attack.counts import Counts
from hi_fhir.attack.nobody import nobody_of_larger
from hi_fhir.attack.systems import System
from hi_fhir.attack.told import FEWEST, Ints, Name, Report

EXAMPLES = 10


@dataclass(frozen=True)
class Recovered:
    """A guarded count, between what it must lie, both included, and how many values are possible.

    is_alone: whether single sums gave it away, one after the other; else it took several at once.
    """

    report: Report
    name: Name
    low: int
    high: int
    possible: int
    is_alone: bool
    place: int


@dataclass(frozen=True)
class Term:
    """A count in a chain and between what it lies by itself; high: None where it is not bounded."""

    report: Report
    name: Name
    low: int
    high: int | None
    is_masked: bool


@dataclass(frozen=True)
class Link:
    """One of the relations from which a count was recovered: the whole is its parts and `least` to `most` others.

    most: None where it is not bounded.
    """

    why: str
    whole: Term
    parts: tuple[Term, ...]
    least: int
    most: int | None


@dataclass(frozen=True)
class RecoveredExample:
    """A recovered count with a chain of relations, none of which can be left out, and between what it lies by these."""

    recovered: Recovered
    chain: tuple[Link, ...]
    low: int
    high: int


@dataclass(frozen=True)
class Findings:
    """cells, masked: counted over all reports. undefined: measures of which no definition was at hand.

    contradicted: sums that the numbers do not keep, and so told nothing. decided, nearby, unseen: masked counts by what
    the check beyond single sums came to. by_policy: those that follow from totals alone that a policy tells exactly,
    and are not recovered. examples: of what was recovered.
    """

    reports: int
    cells: int
    masked: int
    undefined: tuple[str, ...]
    sums: int
    contradicted: int
    decided: int
    nearby: int
    unseen: int
    recovered: tuple[Recovered, ...]
    by_policy: int
    examples: tuple[RecoveredExample, ...]

    def by_stratifier(self) -> Counter[str]:
        return Counter(one.name.stratifier for one in self.recovered)

    def by_possible(self) -> Counter[int]:
        return Counter(one.possible for one in self.recovered)


def recovered_counts(
    counts: Counts, system: System, bounds: Bounds, possible: Ints, alone: Ints, own: Ints | None
) -> tuple[Recovered, ...]:
    """The guarded counts of which fewer than FEWEST values are possible. alone: so many by single sums.

    own: so many people of each are whoever attacks knows, None: nobody; where nobody else need be in it, nobody is
    found. What is told of a larger group is not found either.
    """
    is_found = counts.is_guarded & (possible < FEWEST)
    if own is not None:
        is_found &= bounds.low > own
    places = np.flatnonzero(is_found & ~nobody_of_larger(counts, system, bounds.high))
    return recovered_at(counts, places, bounds.low, bounds.high, possible, alone)


def recovered_at(
    counts: Counts, places: npt.NDArray[np.int64], low: Ints, high: Ints, possible: Ints, alone: Ints
) -> tuple[Recovered, ...]:
    """The counts at these places, the tightest first."""
    found = (
        Recovered(
            *counts.named(place),
            low=int(low[place]),
            high=int(high[place]),
            possible=int(possible[place]),
            is_alone=bool(alone[place] < FEWEST),
            place=place,
        )
        for place in places.tolist()
    )
    return tuple(sorted(found, key=lambda one: (one.possible, one.name, one.report.source)))


def chosen_examples(recovered: Sequence[Recovered], depth: Callable[[int], int]) -> list[Recovered]:
    """A few that single sums gave away: of each stratifier the first found, then others. depth: in which turn."""
    alone = sorted((one for one in recovered if one.is_alone), key=lambda one: depth(one.place))
    firsts = {one.name.stratifier: one for one in alone[::-1]}
    others = [one for one in alone if one is not firsts[one.name.stratifier]]
    return [*sorted(firsts.values(), key=lambda one: depth(one.place)), *others][:EXAMPLES]
