"""Resources on their way into the store: built, checked, spelt as bytes, with what the store searches them by."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.counts import ReleasedCell
from hi_fhir.fhir.resources import ShapeChecker
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.reports.checks import ReportChecker, check_resource
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.reports.evaluated import EvaluatedMeasure
from hi_fhir.reports.measure_report import BuiltReport, MeasureReports, ReportCells, measure_url
from hi_fhir.reports.reporters import Reporter, organisation_id, organisation_resource
from hi_fhir.store.cells import Name, NewCells
from hi_fhir.store.ledger import NewMeasure, NewOrganisation, NewReport
from hi_fhir.tables.views.elements import ODS_SYSTEM


@dataclass(frozen=True)
class ReadyReport:
    """A report that is ready to be kept."""

    evaluated: EvaluatedMeasure
    reporter: Reporter
    record: NewReport


class Records:
    """Makes records; a shape of resource is shown to the models once."""

    def __init__(self, evaluation: EvaluationManifest, base: str) -> None:
        self._evaluation = evaluation
        self._base = base
        self._shapes = ShapeChecker()
        self._checker = ReportChecker()
        self._names: dict[tuple[Name, ...], tuple[Name, ...]] = {}

    def reports(
        self,
        cells: ReportCells,
        reports: MeasureReports,
        measures: Iterable[EvaluatedMeasure],
        reporters: Iterable[Reporter],
        done: Callable[[], None],
    ) -> list[ReadyReport]:
        """Every reporter's report on every measure, reporter by reporter. done: called after each."""
        built = []
        for reporter in reporters:
            for evaluated in measures:
                own = cells.of(evaluated, reporter.code)
                report = reports.build(evaluated, reporter, own)
                self._checker.check(*report)
                built.append(ReadyReport(evaluated, reporter, self._report(report, own, evaluated, reporter)))
                done()
        return built

    def measure(self, evaluated: EvaluatedMeasure) -> NewMeasure:
        resource = measure_resource(self._base, evaluated.measure)
        return NewMeasure(
            id=resource["id"],
            url=resource["url"],
            version=resource["version"],
            status=resource["status"],
            content=self._content(resource),
        )

    def organisation(self, reporter: Reporter) -> NewOrganisation:
        resource = organisation_resource(reporter)
        return NewOrganisation(resource["id"], ODS_SYSTEM, reporter.code, self._content(resource))

    def _report(
        self, built: BuiltReport, cells: Sequence[ReleasedCell], evaluated: EvaluatedMeasure, reporter: Reporter
    ) -> NewReport:
        [identifier] = built.head["identifier"]
        return NewReport(
            id=built.head["id"],
            identifier_system=identifier["system"],
            identifier=identifier["value"],
            measure_url=measure_url(self._base, evaluated.measure.id),
            measure_version=evaluated.measure.version,
            reporter_id=organisation_id(reporter.code),
            reporter_system=ODS_SYSTEM,
            reporter=reporter.code,
            status=built.head["status"],
            period_start=self._evaluation.period.start,
            period_end=self._evaluation.period.end,
            as_of=self._evaluation.as_of,
            data_date=self._evaluation.data_date,
            content=built.content,
            cells=NewCells.of(cells, self._names),
        )

    def _content(self, resource: dict[str, Any]) -> bytes:
        check_resource(resource)
        self._shapes.check(resource)
        return canonical_json(resource)
