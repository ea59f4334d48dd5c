"""The counts at the two ends of disclosure control: exact ones that go in, and what an audience may be given."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class CellState(StrEnum):
    """What became of a count. SUPPRESSED: held back for the sake of others; ABSENT: of a score that is not given."""

    SHOWN = "shown"
    ROUNDED = "rounded"
    MASKED = "masked"
    SUPPRESSED = "suppressed"
    UNSUPPORTED = "unsupported"
    ABSENT = "absent"


SHOWN, ROUNDED, MASKED, SUPPRESSED, UNSUPPORTED, ABSENT = CellState

PROTECTS_OTHERS = "protects-others"
"""The reason of a count that is suppressed."""

RunCount = tuple[str, str, str]
"""Name of a count of the whole run, as of a cell: ("run-quarantine", "Observation", "bad-date")."""


class Group(NamedTuple):
    """People counted together. reporter: ODS code. stratifier and stratum are "all" for the reporter's whole."""

    measure_id: str
    reporter: str
    stratifier: str
    stratum: str

    @property
    def components(self) -> list["Stratum"]:
        """The stratum itself or, of a crossing, that of each of its margins."""
        return list(zip(self.stratifier.split("*"), self.stratum.split("*"), strict=True))


Stratum = tuple[str, str]
"""Id of a stratifier and code of one of its strata."""


@dataclass(frozen=True)
class Hierarchy:
    """strata: a stratum to those of coarser stratifiers that it lies in. practices: of each reporter, by ODS code.

    pcns: practice to its PCN; None: not known. divisions: other ways in which practices were put together before: codes
    to practices, each as they were at one time.
    """

    strata: Mapping[Stratum, Sequence[Stratum]] = field(default_factory=dict)
    practices: Mapping[str, Collection[str]] = field(default_factory=dict)
    pcns: Mapping[str, str | None] = field(default_factory=dict)
    divisions: Sequence[Mapping[str, Collection[str]]] = ()


@dataclass(frozen=True)
class ExactCounts:
    """Everything that one release is about: all measures, reporters and strata, and the run's own counts.

    groups: people by population. code_lists: the state of the code lists that decide a population, by measure id and
    population. strata_lists: the same of strata that are told by words, by measure id and stratum. withheld:
    populations of groups that the sources leave untold, with the standing of what is wanting. hierarchy: what lies
    within what, from which follow all sums among the groups. conditions: what holds of everybody in a population, by
    measure id and population; where not all is known, none. Equal conditions mean the same people. contract: ids of
    measures that are indicators of a network's contract.
    """

    groups: Mapping[Group, Mapping[str, int]]
    run: Mapping[RunCount, int]
    code_lists: Mapping[tuple[str, str], str]
    withheld: Mapping[Group, Mapping[str, str]] = field(default_factory=dict)
    strata_lists: Mapping[tuple[str, Stratum], str] = field(default_factory=dict)
    hierarchy: Hierarchy = field(default_factory=Hierarchy)
    conditions: Mapping[tuple[str, str], frozenset[Hashable]] = field(default_factory=dict)
    contract: Collection[str] = ()


class Cell(NamedTuple):
    """A count as it may be given. value: None unless shown or rounded."""

    state: CellState
    value: int | None


class ReleasedGroup(NamedTuple):
    """cells: by population. no_score: why no score may be worked out from them; None: it may.

    reasons: why cells are unsupported, by population: the standing of a source's type, or the state of code lists.
    """

    cells: dict[str, Cell]
    no_score: str | None
    reasons: dict[str, str]


class ReleasedCell(NamedTuple):
    """A count as a report gives it, or the reason why it does not. Grain: a population of a stratum of a stratifier.

    A score is no cell, since it follows from the others; where none is given, that is the cell of the population SCORE.
    """

    stratifier: str
    stratum: str
    population: str
    state: str
    reason: str | None
    value: int | None


SCORE = "score"
