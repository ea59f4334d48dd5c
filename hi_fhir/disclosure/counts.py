"""The counts at the two ends of disclosure control: exact ones that go in, and what an audience may be given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

SHOWN, ROUNDED, MASKED, UNSUPPORTED = "shown", "rounded", "masked", "unsupported"
"""What became of a count."""

RunCount = tuple[str, ...]
"""Name of a count of the whole run, such as ("reconciliation", "Patient", "kept")."""


class Group(NamedTuple):
    """People counted together. reporter: ODS code. stratifier and stratum are "all" for the reporter's whole."""

    measure_id: str
    reporter: str
    stratifier: str
    stratum: str


@dataclass(frozen=True)
class ExactCounts:
    """Everything that one release is about: all measures, reporters and strata, and the run's own counts.

    groups: people by population. code_lists: the state of the code lists that decide a population, by measure id and
    population. withheld: populations of groups that the sources leave untold, with the standing of what is wanting.
    """

    groups: Mapping[Group, Mapping[str, int]]
    run: Mapping[RunCount, int]
    code_lists: Mapping[tuple[str, str], str]
    withheld: Mapping[Group, Mapping[str, str]] = field(default_factory=dict)


class Cell(NamedTuple):
    """A count as it may be given. value: None unless shown or rounded."""

    state: str
    value: int | None


class ReleasedGroup(NamedTuple):
    """cells: by population. no_score: why no score may be worked out from them; None: it may.

    reasons: why cells are unsupported, by population: the standing of a source's type, or the state of code lists.
    """

    cells: Mapping[str, Cell]
    no_score: str | None
    reasons: Mapping[str, str]


class Published(NamedTuple):
    """A version of a report that the audience was given before. read: gives its bytes, which sha256 pins."""

    identifier: str
    version: int
    sha256: str
    read: Callable[[], bytes]
