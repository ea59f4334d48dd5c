"""What somebody was told: reports, the things that they count, and a row for each count that is given or is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ALL = "all"
"""Stratifier and stratum of everybody that a reporter counts."""
SCORE = "score"
"""The population under which it is told that a share is given, or why it is not."""

FEWEST = 3
"""A masked count that has fewer possible values than this is recovered."""

OCCASIONS = "occasions"
"""The population under which a ratio tells how often something was, not of how many people."""

UNBOUNDED = 2**30
"""More people than any number here can be."""
OF_RUN = ("run-", "readings-left-out")
"""How stratifiers of counts of the whole run begin."""

Ints = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class State(IntEnum):
    """What is told of a count; of a share: that it is given, or why it is not.

    WITHIN_FEW: it is not given since it is of a small group, whatever it is.
    """

    EXACT = 0
    ROUNDED = 1
    MASKED = 2
    WITHIN_FEW = 3
    WITHHELD = 4
    SCORE_GIVEN = 5
    SCORE_SMALL = 6
    SCORE_EMPTY = 7
    SCORE_UNTOLD = 8


class Name(NamedTuple):
    """What is counted. A crossing's ids and codes are joined by `*`."""

    stratifier: str
    stratum: str
    population: str

    @property
    def group(self) -> tuple[str, str]:
        return self.stratifier, self.stratum


class Rounding(NamedTuple):
    """How small counts are hidden: 1 to `masked_to` not given, others to the nearest multiple of `base`."""

    masked_to: int
    base: int


SMALL_NUMBERS = Rounding(masked_to=7, base=5)
"""Source: NHS Digital's rule for sub-national hospital data, which every policy of hi_fhir that rounds follows."""
OF_THE_RUN = SMALL_NUMBERS
"""How counts of the whole run are hidden from everybody, a practice included."""


@dataclass(frozen=True)
class Report:
    """Of whom and when a report tells. measure: canonical URL without version. practices: ODS codes, where it says so.

    reference_date, extract_date: ISO days, "" where it does not say. source: how a reader finds it again. edition: what
    tells the evaluation that it was made by, "" where nothing does. tells_totals: whether what is exact in it, though
    others are rounded, is meant to be known.
    """

    measure: str
    measure_version: str
    period: tuple[str, str]
    reference_date: str
    extract_date: str
    reporter: str
    practices: tuple[str, ...]
    rounding: Rounding
    source: str
    edition: str = ""
    tells_totals: bool = False

    @property
    def days(self) -> tuple[str, str, tuple[str, str]]:
        """The days on which the counts of the same group are the same."""
        return self.reference_date, self.extract_date, self.period


class SamePeople(NamedTuple):
    """who: measure and version to its populations, each with a name that those have alike who mean the same people.

    within: pairs of such names: all people of the first are among those of the second. by_last_days: names of
    populations that do not go by the day on which a period begins. registered: the name of everybody registered.
    """

    who: Mapping[tuple[str, str], Mapping[str, str]]
    within: frozenset[tuple[str, str]]
    by_last_days: frozenset[str] = frozenset()
    registered: str | None = None


class Ratios(NamedTuple):
    """Shares that exact counts were divided for, by places in `reports` and `names`, and between what each is."""

    report: Ints
    name: Ints
    low: Reals
    high: Reals


NO_RATIOS = Ratios(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), np.zeros(0))
NOTHING_KNOWN = SamePeople({}, frozenset())


@dataclass(frozen=True)
class Told:
    """Reports and their cells by column: places in `reports` and `names`, State, and the number (-1: none).

    same: what the definitions of the measures tell. knowing: practices (ODS codes) whose own exact counts are told.
    """

    reports: tuple[Report, ...]
    names: tuple[Name, ...]
    report: Ints
    name: Ints
    state: Ints
    value: Ints
    same: SamePeople = NOTHING_KNOWN
    ratios: Ratios = NO_RATIOS
    knowing: frozenset[str] = frozenset()

    def joined(self, other: "Told") -> "Told":
        """All that both tell, but for what is known of definitions."""
        names = {name: place for place, name in enumerate(dict.fromkeys((*self.names, *other.names)))}
        moved = np.array([names[name] for name in other.names], dtype=np.int32)
        first = np.int32(len(self.reports))
        return Told(
            (*self.reports, *other.reports),
            tuple(names),
            np.concatenate((self.report, other.report + first)),
            np.concatenate((self.name, moved[other.name])),
            np.concatenate((self.state, other.state)),
            np.concatenate((self.value, other.value)),
            ratios=Ratios(
                np.concatenate((self.ratios.report, other.ratios.report + first)),
                np.concatenate((self.ratios.name, moved[other.ratios.name])),
                np.concatenate((self.ratios.low, other.ratios.low)),
                np.concatenate((self.ratios.high, other.ratios.high)),
            ),
            knowing=self.knowing | other.knowing,
        )
