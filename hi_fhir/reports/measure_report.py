"""A MeasureReport (R4, summary) of one measure and reporter, from released counts alone."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from hi_fhir.core.audiences import Audience
from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.cells import group_of
from hi_fhir.disclosure.counts import Cell, CellState, ReleasedCell, RunCount
from hi_fhir.disclosure.policies import Policy
from hi_fhir.measures.absence import unheard, wanting
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.silence import types_read
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import (
    all_absences,
    concerning,
    list_extensions,
    measure_extensions,
    missing_extensions,
    notes_on,
    release_extensions,
    run_counts,
    run_extensions,
    withheld_extensions,
)
from hi_fhir.reports.cells import ReportCells
from hi_fhir.reports.concepts import Json, definition, valued
from hi_fhir.reports.derived.deriving import derive
from hi_fhir.reports.derived.plan import StatisticsPlan, plan_of
from hi_fhir.reports.derived.rows import DerivedReport
from hi_fhir.reports.evaluated import EvaluatedMeasure
from hi_fhir.reports.groups import Groups
from hi_fhir.reports.narrative import narrative, told_of_absence, told_of_breakdowns
from hi_fhir.reports.reporters import Reporter, area_names, organisation_identifier
from hi_fhir.tables.standing import Absence, Standing


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
    """A report as it goes out.

    head: all but its group and the extensions that the reports on its measure have in common. content: canonical JSON.
    is_known: what stands in it is spelt as in reports before, but for the head and for numbers.
    """

    head: Json
    common: list[Json]
    content: bytes
    is_known: bool


class _OfMeasure(NamedTuple):
    """What the reports on a measure have in common.

    run: the cells of the run that they give. told: sentences. spelt: the extensions.
    """

    run: tuple[ReleasedCell, ...]
    told: list[str]
    wants: list[Standing]
    silent: Mapping[str, Sequence[str]]
    absent: list[Absence]
    extensions: list[Json]
    spelt: bytes


class MeasureReports:
    """Builds reports from their cells; what those of one release have in common is made once and shared."""

    def __init__(self, settings: ReportSettings, evaluation: EvaluationManifest, policy: Policy) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._audience = policy.audience
        self._rule = policy.own
        self._names = area_names(evaluation.areas)
        self._groups = Groups(settings.base, self._names)
        self._common = release_extensions(settings.base, evaluation, policy)
        self._run = tuple(run_counts(evaluation))
        self._measures: dict[str, _OfMeasure] = {}
        self._plans: dict[str, StatisticsPlan] = {}

    def derive(self, measures: Iterable[EvaluatedMeasure], cells: Sequence[ReportCells]) -> list[DerivedReport]:
        """What follows from the cells of reports. measures: of each; many at once take less time."""
        plans = [self._plan(one.measure) for one in measures]
        return derive(plans, [one.strata for one in cells], self._rule)

    def _plan(self, measure: Measure) -> StatisticsPlan:
        plan = self._plans.get(measure.id)
        if plan is None:
            plan = self._plans[measure.id] = plan_of(measure)
        return plan

    def build(
        self, evaluated: EvaluatedMeasure, reporter: Reporter, cells: ReportCells, derived: DerivedReport
    ) -> BuiltReport:
        """The report: R4, no meta, no literal reference. derived: from its cells."""
        measure, evaluation = evaluated.measure, self._evaluation
        spelt = self._groups.spelt
        of_measure = self._measures.get(measure.id)
        is_known = of_measure is not None and of_measure.run == cells.run
        if of_measure is None or not is_known:
            of_measure = self._measures[measure.id] = self._of_measure(evaluated, cells.run)
        absent = concerning(reporter.practices, of_measure.absent)
        told = [*of_measure.told, *told_of_absence(of_measure.wants, of_measure.silent, absent)]
        whole = group_of(cells.strata[ALL][ALL])
        identifier = report_identifier(self._settings, evaluation, measure.id, reporter.code, self._audience)
        own = [
            *withheld_extensions(self._settings.base, absent, self._organisation),
            *(self._covered(practice) for practice in reporter.practices),
            *list_extensions(self._settings.base, evaluation.lists, reporter.practices, self._organisation),
        ]
        head = {
            "resourceType": "MeasureReport",
            "id": f"mr-{identifier}",
            "text": narrative(evaluated, reporter, evaluation, whole, derived.intervals.get((ALL, ALL)), told),
            "extension": own,
            "identifier": [{"system": self._settings.identifier_system, "value": identifier}],
            "status": "complete",
            "type": "summary",
            "measure": f"{measure_url(self._settings.base, measure.id)}|{measure.version}",
            "date": evaluation.data_date.isoformat(),
            "reporter": self._organisation(reporter.code),
            "period": {"start": evaluation.period.start.isoformat(), "end": evaluation.period.end.isoformat()},
            **({"improvementNotation": concepts.improvement(measure)} if measure.has_score else {}),
        }
        group = orjson.Fragment(b"[%b]" % self._groups.of(measure, cells.strata, derived))
        extension = orjson.Fragment(b"[%b,%b]" % (of_measure.spelt, canonical_json(own)[1:-1]))
        content = canonical_json(head | {"extension": extension, "group": group})
        return BuiltReport(head, of_measure.extensions, content, is_known and self._groups.spelt == spelt)

    def _of_measure(self, evaluated: EvaluatedMeasure, run: tuple[ReleasedCell, ...]) -> _OfMeasure:
        measure, reference = evaluated
        base, evaluation, types = self._settings.base, self._evaluation, types_read(measure)
        notes = notes_on(evaluation.notes, types)
        wants = wanting(measure, evaluation.standings)
        silent = {one.source_id: unheard(measure, one.source_id, evaluation.heard) for one in evaluation.snapshots}
        told = self._told_of_run(run)
        extensions = [
            *self._common,
            *run_extensions(base, notes, told),
            *measure_extensions(base, reference, evaluation.contents, told),
            *missing_extensions(base, wants, silent),
        ]
        spelt = canonical_json(extensions)[1:-1]
        sentences = [*map(str, notes), *told_of_breakdowns(evaluated)]
        return _OfMeasure(run, sentences, wants, silent, all_absences(evaluation, [measure]), extensions, spelt)

    def _told_of_run(self, cells: Sequence[ReleasedCell]) -> dict[RunCount, Cell]:
        """The counts of the run among the cells, in the order in which a report gives them."""
        given = {cell[:3]: Cell(CellState(cell.state), cell.value) for cell in cells}
        return {name: given[name] for name in self._run if name in given}

    def _organisation(self, code: str) -> Json:
        reference: Json = {"identifier": organisation_identifier(code)}
        return reference | {"display": self._names[code]} if code in self._names else reference

    def _covered(self, practice: str) -> Json:
        url = definition(self._settings.base, "covered-practice")
        return valued(url, "Reference", self._organisation(practice))
