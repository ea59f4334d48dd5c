"""What was released before, as a later decision is given it, without a store."""

from collections.abc import Iterable, Mapping

import numpy as np

from hi_fhir.disclosure.cells import stratum_cells
from hi_fhir.disclosure.counts import ExactCounts, Group, ReleasedGroup
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import EarlierCells, EarlierReport, Published
from hi_fhir.disclosure.release import release

Cell = tuple[str, str, str, str, str | None, int | None, int]


def published(*earlier: tuple[ExactCounts, Mapping[Group, ReleasedGroup]]) -> Published:
    """Exact counts that were released, each with what was told of them; one evaluation after the other."""
    reports: list[EarlierReport] = []
    cells: list[list[Cell]] = []
    for number, (counts, groups) in enumerate(earlier):
        own: dict[tuple[str, str], list[Cell]] = {}
        for group, told in groups.items():
            own.setdefault(group[:2], []).extend(_cells(group, told, counts))
        for (measure, reporter), told_of_it in own.items():
            populations = {name for *_, name, _, _, _, _ in told_of_it}
            practices = frozenset(counts.hierarchy.practices[reporter])
            same = {name: (measure, name) for name in populations}
            reports.append(EarlierReport(f"e{number}", measure, reporter, practices, same))
            cells.append(told_of_it)
    return Published((), reports, _columns(cells))


def released(counts: ExactCounts, before: Published, audience: str = "icb") -> Mapping[Group, ReleasedGroup]:
    return release(counts, POLICIES[audience], before).groups


def _cells(group: Group, told: ReleasedGroup, counts: ExactCounts) -> Iterable[Cell]:
    columns, exact = stratum_cells(told, tuple(told.cells)), counts.groups.get(group, {})
    for population, state, reason, value in zip(*columns, strict=True):
        yield group.stratifier, group.stratum, population, state, reason, value, exact.get(population, -1)


def _columns(cells: list[list[Cell]]) -> EarlierCells:
    names: dict[tuple[str, str, str], int] = {}
    words: dict[tuple[str, str | None], int] = {}
    rows = [
        (
            report,
            names.setdefault(cell[:3], len(names)),
            words.setdefault(cell[3:5], len(words)),
            -1 if cell[5] is None else cell[5],
            cell[6],
        )
        for report, own in enumerate(cells)
        for cell in own
    ]
    columns = np.array(rows, dtype=np.int32).reshape(-1, 5).T
    return EarlierCells(list(names), list(words), *columns)
