"""A MeasureReport (R4, summary) of one measure and reporter, from released counts alone."""

import uuid
from dataclasses import dataclass

from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.render.silence import types_read
from hi_fhir.measures.standing import unheard, wanting
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.reports import concepts
from hi_fhir.reports.absence import absence_extensions, all_absences, concerning
from hi_fhir.reports.basis import measure_extensions, notes_on, release_extensions, run_extensions
from hi_fhir.reports.extensions import Json, definition, valued
from hi_fhir.reports.groups import Groups, by_stratifier
from hi_fhir.reports.narrative import narrative, told_of_absence
from hi_fhir.reports.organization import organisation_identifier
from hi_fhir.reports.reporters import Reporter, area_names
from hi_fhir.reports.subjects import Subject


@dataclass(frozen=True)
class ReportSettings:
    """The deployment's own names. base: of canonical URLs."""

    identifier_system: str
    base: str


def report_identifier(
    settings: ReportSettings, evaluation: EvaluationManifest, measure_id: str, reporter: str, audience: str
) -> str:
    """The UUID of a report, the same for every version: of measure, reporter, period and audience, in our system.

    What was known later in the period, or after it, is the next version; the data's date and the as-of day are inside.
    """
    period = (evaluation.period.start, evaluation.period.end)
    name = canonical_json([measure_id, reporter, *period, audience]).decode()
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, settings.identifier_system), name))


def measure_url(base: str, measure_id: str) -> str:
    return f"{base}/Measure/{measure_id}"


class MeasureReports:
    """Builds the reports of one release; what they have in common is made once and shared between them."""

    def __init__(self, settings: ReportSettings, evaluation: EvaluationManifest, released: ReleasedCounts) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._audience = released.policy.audience
        self._names = area_names(evaluation.areas)
        self._groups = Groups(settings.base, by_stratifier(released), self._names)
        self._common = release_extensions(settings.base, evaluation, released.policy)
        self._run = released.run

    def build(self, subject: Subject, reporter: Reporter) -> Json:
        """The report as JSON: R4, no meta, no literal reference."""
        measure, reference = subject
        base, evaluation, types = self._settings.base, self._evaluation, types_read(measure)
        identifier = report_identifier(self._settings, evaluation, measure.id, reporter.code, self._audience)
        notes = notes_on(evaluation.notes, types)
        wants = wanting(measure, evaluation.standings)
        silent = {one.source_id: unheard(measure, one.source_id, evaluation.heard) for one in evaluation.snapshots}
        absent = concerning(reporter.practices, all_absences(evaluation, [measure]))
        told = [*map(str, notes), *told_of_absence(wants, silent, absent)]
        whole = self._groups.strata[measure.id, reporter.code, ALL][ALL]
        return {
            "resourceType": "MeasureReport",
            "id": f"mr-{identifier}",
            "text": narrative(subject, reporter, evaluation, whole, told),
            "extension": [
                *self._common,
                *run_extensions(base, notes, self._run, types),
                *measure_extensions(base, reference, self._run),
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
            "improvementNotation": concepts.improvement(measure),
            "group": [self._groups.of(measure, reporter.code)],
        }

    def _organisation(self, code: str) -> Json:
        reference: Json = {"identifier": organisation_identifier(code)}
        return reference | {"display": self._names[code]} if code in self._names else reference

    def _covered(self, practice: str) -> Json:
        url = definition(self._settings.base, "covered-practice")
        return valued(url, "Reference", self._organisation(practice))
