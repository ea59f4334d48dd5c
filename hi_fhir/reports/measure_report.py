"""A MeasureReport (R4, summary) of one measure and reporter, from released counts alone."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from hi_fhir.core.audiences import Audience
from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.cells import cells_of_groups, cells_of_run, groups_of
from hi_fhir.disclosure.counts import Cell, CellState, ReleasedCell, ReleasedGroup, RunCount
from hi_fhir.disclosure.policies import Policy
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.render.silence import types_read
from hi_fhir.measures.standing import unheard, wanting
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import (
    absence_extensions,
    all_absences,
    concerning,
    is_of_run,
    measure_extensions,
    notes_on,
    release_extensions,
    run_counts,
    run_extensions,
    told_of_run,
)
from hi_fhir.reports.concepts import Json, definition, valued
from hi_fhir.reports.evaluated import EvaluatedMeasure
from hi_fhir.reports.groups import UNDETERMINED, Groups
from hi_fhir.reports.narrative import narrative, told_of_absence, told_of_breakdowns
from hi_fhir.reports.reporters import Reporter, area_names, organisation_identifier


@dataclass(frozen=True)
class ReportSettings:
    """The deployment's own names. base: of canonical URLs."""

    identifier_system: str
    base: str


def report_identifier(
    settings: ReportSettings, evaluation: EvaluationManifest, measure_id: str, reporter: str, audience: Audience
) -> str:
    """The UUID of a report, the same for every version: of measure, reporter, period and audience, in our system.

    What was known later in the period, or after it, is the next version; extract date and reference date are inside.
    """
    period = (evaluation.period.start, evaluation.period.end)
    name = canonical_json([measure_id, reporter, *period, audience]).decode()
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, settings.identifier_system), name))


def measure_url(base: str, measure_id: str) -> str:
    return f"{base}/Measure/{measure_id}"


class BuiltReport(NamedTuple):
    """head: all but its group. content: canonical JSON."""

    head: Json
    content: bytes


class ReportCells:
    """The cells of the reports of one release: what each gives and withholds, which is all that it is built from."""

    def __init__(self, released: ReleasedCounts) -> None:
        self._run = released.run
        self._strata: dict[tuple[str, str], dict[str, dict[str, ReleasedGroup]]] = {}
        for (measure_id, reporter, stratifier, stratum), group in released.groups.items():
            self._strata.setdefault((measure_id, reporter), {}).setdefault(stratifier, {})[stratum] = group

    def of(self, evaluated: EvaluatedMeasure, reporter: str) -> list[ReleasedCell]:
        measure, reference = evaluated
        populations = (*concepts.defined_populations(measure), UNDETERMINED)
        return [
            *cells_of_groups(self._strata[measure.id, reporter], populations),
            *cells_of_run(told_of_run(self._run, types_read(measure), reference)),
        ]


class MeasureReports:
    """Builds reports from their cells; what those of one release have in common is made once and shared."""

    def __init__(self, settings: ReportSettings, evaluation: EvaluationManifest, policy: Policy) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._audience = policy.audience
        self._names = area_names(evaluation.areas)
        self._groups = Groups(settings.base, self._names)
        self._common = release_extensions(settings.base, evaluation, policy)
        self._run = tuple(run_counts(evaluation))

    def build(self, evaluated: EvaluatedMeasure, reporter: Reporter, cells: Sequence[ReleasedCell]) -> BuiltReport:
        """The report: R4, no meta, no literal reference."""
        measure, reference = evaluated
        base, evaluation, types = self._settings.base, self._evaluation, types_read(measure)
        identifier = report_identifier(self._settings, evaluation, measure.id, reporter.code, self._audience)
        notes = notes_on(evaluation.notes, types)
        wants = wanting(measure, evaluation.standings)
        silent = {one.source_id: unheard(measure, one.source_id, evaluation.heard) for one in evaluation.snapshots}
        absent = concerning(reporter.practices, all_absences(evaluation, [measure]))
        told = [*map(str, notes), *told_of_breakdowns(evaluated), *told_of_absence(wants, silent, absent)]
        strata = _by_stratum(cells)
        [whole] = groups_of(strata[ALL][ALL]).values()
        run = self._told_of_run(cells)
        head = {
            "resourceType": "MeasureReport",
            "id": f"mr-{identifier}",
            "text": narrative(evaluated, reporter, evaluation, whole[ALL], told),
            "extension": [
                *self._common,
                *run_extensions(base, notes, run),
                *measure_extensions(base, reference, run),
                *absence_extensions(base, wants, silent, absent, self._organisation),
                *(self._covered(practice) for practice in reporter.practices),
            ],
            "identifier": [{"system": self._settings.identifier_system, "value": identifier}],
            "status": "complete",
            "type": "summary",
            "measure": f"{measure_url(base, measure.id)}|{measure.version}",
            "date": evaluation.data_date.isoformat(),
            "reporter": self._organisation(reporter.code),
            "period": {"start": evaluation.period.start.isoformat(), "end": evaluation.period.end.isoformat()},
            **({"improvementNotation": concepts.improvement(measure)} if measure.has_score else {}),
        }
        group = orjson.Fragment(self._groups.of(measure, strata))
        return BuiltReport(head, canonical_json(head | {"group": [group]}))

    def _told_of_run(self, cells: Sequence[ReleasedCell]) -> dict[RunCount, Cell]:
        """The counts of the run among the cells, in the order in which a report gives them."""
        given = {cell[:3]: Cell(CellState(cell.state), cell.value) for cell in cells if is_of_run(cell.stratifier)}
        return {name: given[name] for name in self._run if name in given}

    def _organisation(self, code: str) -> Json:
        reference: Json = {"identifier": organisation_identifier(code)}
        return reference | {"display": self._names[code]} if code in self._names else reference

    def _covered(self, practice: str) -> Json:
        url = definition(self._settings.base, "covered-practice")
        return valued(url, "Reference", self._organisation(practice))


def _by_stratum(cells: Sequence[ReleasedCell]) -> dict[str, dict[str, list[ReleasedCell]]]:
    """The cells of groups, by stratifier and stratum."""
    found: dict[str, dict[str, list[ReleasedCell]]] = {}
    for cell in cells:
        found.setdefault(cell[0], {}).setdefault(cell[1], []).append(cell)
    return found
