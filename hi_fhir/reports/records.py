"""Resources on their way into the store: built, checked, spelt as bytes, with what the store searches them by."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hi_fhir.core.files import canonical_json
from hi_fhir.fhir.resources import ShapeChecker
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.reports.cells import ReleaseCells, ReportCells
from hi_fhir.reports.checks import ReportChecker, check_report_head, check_resource, check_values
from hi_fhir.reports.definitions import measure_resource
from hi_fhir.reports.evaluated import EvaluatedMeasure
from hi_fhir.reports.measure_report import BuiltReport, MeasureReports, measure_url
from hi_fhir.reports.reporters import Reporter, organisation_id, organisation_resource
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

    def reports(
        self,
        cells: ReleaseCells,
        reports: MeasureReports,
        measures: Iterable[EvaluatedMeasure],
        reporters: Iterable[Reporter],
        done: Callable[[], None],
    ) -> list[ReadyReport]:
        """Every reporter's report on every measure, reporter by reporter. done: called after each."""
        built = []
        of_each = tuple(measures)
        for reporter in reporters:
            told = [cells.of(evaluated, reporter.code) for evaluated in of_each]
            derived = reports.derive(of_each, told)
            for evaluated, own, from_it in zip(of_each, told, derived, strict=True):
                report = reports.build(evaluated, reporter, own, from_it)
                record = self._report(report, own, evaluated, reporter)
                self._check(report, record)
                built.append(ReadyReport(evaluated, reporter, record))
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

    def _check(self, report: BuiltReport, record: NewReport) -> None:
        """Check the whole of a report in which something is spelt for the first time, and of others what is theirs."""
        if report.is_known:
            check_report_head(report.head)
            check_values([record.cells.values])
        else:
            self._checker.check(
                report.head | {"extension": [*report.common, *report.head["extension"]]}, report.content
            )

    def _report(
        self, built: BuiltReport, cells: ReportCells, evaluated: EvaluatedMeasure, reporter: Reporter
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
            cells=cells.columns(),
        )

    def _content(self, resource: dict[str, Any]) -> bytes:
        check_resource(resource)
        self._shapes.check(resource)
        return canonical_json(resource)
