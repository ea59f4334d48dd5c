"""The cells of one report: all that it tells of people, and so all that is kept of it as rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from hi_fhir.disclosure.counts import ABSENT, SCORE, Cell, CellState, ReleasedCell, ReleasedGroup, RunCount
from hi_fhir.disclosure.statistics import score

Strata = Mapping[str, ReleasedGroup]
"""Released groups by stratum."""


def cells_of_groups(strata: Mapping[str, Strata], populations: Collection[str]) -> Iterator[ReleasedCell]:
    """The cells of a report's groups. strata: by stratifier. populations: those that the measure has."""
    for stratifier, groups in strata.items():
        for stratum, group in groups.items():
            for population in populations:
                state, value = group.cells[population]
                yield ReleasedCell(stratifier, stratum, population, state, group.reasons.get(population), value)
            if reason := score(group).reason:
                yield ReleasedCell(stratifier, stratum, SCORE, ABSENT, reason, None)


def cells_of_run(run: Mapping[RunCount, Cell]) -> Iterator[ReleasedCell]:
    """The cells of the counts of the whole run that a report gives."""
    return (ReleasedCell(*name, cell.state, None, cell.value) for name, cell in run.items())


def groups_of(cells: Iterable[ReleasedCell]) -> dict[str, dict[str, ReleasedGroup]]:
    """The groups that cells tell of, by stratifier and stratum: what `cells_of_groups` was made from."""
    found: dict[str, dict[str, ReleasedGroup]] = {}
    for cell in cells:
        strata = found.setdefault(cell.stratifier, {})
        group = strata.setdefault(cell.stratum, ReleasedGroup({}, None, {}))
        if cell.population == SCORE:
            strata[cell.stratum] = group._replace(no_score=cell.reason)
            continue
        group.cells[cell.population] = Cell(CellState(cell.state), cell.value)
        if cell.reason is not None:
            group.reasons[cell.population] = cell.reason
    return found
