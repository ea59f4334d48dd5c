"""The cells of one stratum: all that is told of its people, and so all that is kept of it as rows."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hi_fhir.disclosure.counts import (
    ABSENT,
    SCORE,
    Cell,
    CellState,
    ReleasedCell,
    ReleasedGroup,
    RunCount,
)
from hi_fhir.disclosure.scores import score

_NONE = (None,)


class StratumCells(NamedTuple):
    """Cells by column, since there are hundreds in each of thousands of reports.

    populations: SCORE among them where no score is given.
    """

    populations: tuple[str, ...]
    states: tuple[str, ...]
    reasons: tuple[str | None, ...]
    values: tuple[int | None, ...]


def stratum_cells(group: ReleasedGroup, populations: tuple[str, ...]) -> StratumCells:
    """What is told of a group. populations: those that the measure has."""
    states, values = zip(*[group.cells[population] for population in populations], strict=True)
    reasons = tuple([group.reasons.get(one) for one in populations]) if group.reasons else _NONE * len(populations)
    if no_score := score(group).reason:
        return StratumCells((*populations, SCORE), (*states, ABSENT), (*reasons, no_score), (*values, None))
    return StratumCells(populations, states, reasons, values)


def group_of(cells: StratumCells) -> ReleasedGroup:
    """The group that cells tell of: what `stratum_cells` was made from."""
    reasons = dict(zip(cells.populations, cells.reasons, strict=True))
    no_score = reasons.pop(SCORE, None)
    by_population = zip(cells.populations, cells.states, cells.values, strict=True)
    return ReleasedGroup(
        {
            population: Cell(CellState(state), value)
            for population, state, value in by_population
            if population != SCORE
        },
        no_score,
        {population: reason for population, reason in reasons.items() if reason is not None},
    )


def cells_of_run(run: Mapping[RunCount, Cell]) -> Iterable[ReleasedCell]:
    """The cells of the counts of the whole run that a report gives."""
    for name, cell in run.items():
        yield ReleasedCell(*name, cell.state, None, cell.value)
