"""The cells of reports: what each gives and withholds, which is all that it is built from."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from hi_fhir.disclosure.cells import StratumCells, cells_of_run, stratum_cells
from hi_fhir.disclosure.counts import ReleasedCell, ReleasedGroup
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.measures.model import OCCASIONS, Measure
from hi_fhir.measures.render.silence import types_read
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import is_of_run, told_of_run
from hi_fhir.reports.evaluated import EvaluatedMeasure
from hi_fhir.store.cells import Name, NewCells

UNDETERMINED = "undetermined"

Strata = Mapping[str, Mapping[str, StratumCells]]
"""Cells by stratifier and stratum."""


class ReportCells(NamedTuple):
    """The cells of one report. run: of the counts of the whole run."""

    strata: Strata
    run: tuple[ReleasedCell, ...]

    @classmethod
    def of_rows(cls, rows: Iterable[ReleasedCell]) -> "ReportCells":
        """As they come from the store, in any order."""
        run: list[ReleasedCell] = []
        by_stratum: dict[tuple[str, str], list[ReleasedCell]] = {}
        for row in rows:
            (run if is_of_run(row.stratifier) else by_stratum.setdefault(row[:2], [])).append(row)
        strata: dict[str, dict[str, StratumCells]] = {}
        for (stratifier, stratum), own in by_stratum.items():
            strata.setdefault(stratifier, {})[stratum] = StratumCells(*zip(*(row[2:] for row in own), strict=True))
        return cls(strata, tuple(run))

    def rows(self) -> Iterator[ReleasedCell]:
        for stratifier, strata in self.strata.items():
            for stratum, cells in strata.items():
                yield from (ReleasedCell(stratifier, stratum, *cell) for cell in zip(*cells, strict=True))
        yield from self.run

    def columns(self) -> NewCells:
        """As the store keeps them."""
        names: list[Name] = []
        states: list[str] = []
        reasons: list[str | None] = []
        values: list[int | None] = []
        for stratifier, strata in self.strata.items():
            for stratum, cells in strata.items():
                names += _names(stratifier, stratum, cells.populations)
                states += cells.states
                reasons += cells.reasons
                values += cells.values
        for cell in self.run:
            names.append(cell[:3])
            states.append(cell.state)
            reasons.append(cell.reason)
            values.append(cell.value)
        return NewCells(names, states, reasons, values)


class ReleaseCells:
    """The cells of the reports of one release."""

    def __init__(self, released: ReleasedCounts) -> None:
        self._run = released.run
        self._groups: dict[tuple[str, str], dict[str, dict[str, ReleasedGroup]]] = {}
        self._told: dict[str, tuple[ReleasedCell, ...]] = {}  # of the run, by measure id
        for (measure_id, reporter, stratifier, stratum), group in released.groups.items():
            self._groups.setdefault((measure_id, reporter), {}).setdefault(stratifier, {})[stratum] = group

    def of(self, evaluated: EvaluatedMeasure, reporter: str) -> ReportCells:
        measure = evaluated.measure
        populations = populations_told(measure)
        strata = {
            stratifier: {stratum: stratum_cells(group, populations) for stratum, group in groups.items()}
            for stratifier, groups in self._groups[measure.id, reporter].items()
        }
        if measure.id not in self._told:
            told = told_of_run(self._run, types_read(measure), evaluated.reference)
            self._told[measure.id] = tuple(cells_of_run(told))
        return ReportCells(strata, self._told[measure.id])


def populations_told(measure: Measure) -> tuple[str, ...]:
    """The populations of a measure of which its reports tell."""
    beside = (name for name in (OCCASIONS, UNDETERMINED) if name in measure.counted)
    return (*concepts.defined_populations(measure), *beside)


@cache
def _names(stratifier: str, stratum: str, populations: tuple[str, ...]) -> tuple[Name, ...]:
    return tuple((stratifier, stratum, population) for population in populations)
