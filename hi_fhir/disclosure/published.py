"""What went out before a decision: which versions, and the cells of those that are of the same days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Population = tuple[str, str]
"""Measure id and population."""


class PublishedVersion(NamedTuple):
    """A version of a report that the readers were given, or may have."""

    identifier: str
    version: int
    sha256: str


class EarlierReport(NamedTuple):
    """A version of a report whose counts are of the same days, so that some are the same counts.

    practices: ODS codes of those that it covered then. same: its populations, each with the population of the release
    that is the same people.
    """

    evaluation: str
    measure_id: str
    reporter: str
    practices: frozenset[str]
    same: Mapping[str, Population]


class EarlierCells(NamedTuple):
    """Cells of earlier reports by column, those of a report together: places in the reports, `names` and `words`.

    names: stratifier, stratum and population. words: state and reason. value: people; -1: not given. exact: the people
    that were counted then; -1: not known any more.
    """

    names: Sequence[tuple[str, str, str]]
    words: Sequence[tuple[str, str | None]]
    report: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    word: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]
    exact: npt.NDArray[np.int32]


_NONE = np.zeros(0, dtype=np.int32)
NO_CELLS = EarlierCells((), (), _NONE, _NONE, _NONE, _NONE, _NONE)


@dataclass(frozen=True)
class Published:
    """versions: all that the readers may have. reports: those of the same days, with their cells."""

    versions: Sequence[PublishedVersion] = ()
    reports: Sequence[EarlierReport] = ()
    cells: EarlierCells = NO_CELLS


NOTHING = Published()
