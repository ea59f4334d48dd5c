"""A MeasureReport (R4, summary) of one measure and reporter, from released counts alone."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hi_fhir.core.files import canonical_json
from hi_fhir.disclosure.counts import Group, ReleasedGroup
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.disclosure.statistics import score
from hi_fhir.measures.evaluation import EvaluationManifest, MeasureReference
from hi_fhir.measures.model import ProportionMeasure
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE, Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import USE, measure_extensions, release_extensions
from hi_fhir.reports.extensions import Json, absent, counted, definition, valued
from hi_fhir.reports.organization import organisation_identifier
from hi_fhir.reports.reporters import Reporter, area_names
from hi_fhir.terminology.systems import UCUM

_ORDER = ("initial_population", "denominator", "denominator_exclusion", "denominator_exception", "numerator")
_UNDETERMINED = "undetermined"
_LABELLED = {
    "demonstration": "Demonstration: the code lists were made up. Not about real care.",
    "outdated": "The code lists are outdated.",
    "partial": "The code lists are partial.",
    "missing": "Code lists are missing.",
}


@dataclass(frozen=True)
class ReportSettings:
    """The deployment's own names. base: of canonical URLs."""

    identifier_system: str
    base: str


def report_identifier(
    settings: ReportSettings, evaluation: EvaluationManifest, measure_id: str, reporter: str, audience: str
) -> str:
    """The UUID of a report, the same for every version: of measure, reporter, days and audience, in our system."""
    days = (evaluation.period.start, evaluation.period.end, evaluation.as_of, evaluation.data_date)
    name = canonical_json([measure_id, reporter, *days, audience]).decode()
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, settings.identifier_system), name))


def measure_url(base: str, measure_id: str) -> str:
    return f"{base}/Measure/{measure_id}"


class MeasureReports:
    """Builds the reports of one release; what they have in common is made once and shared between them."""

    def __init__(self, settings: ReportSettings, evaluation: EvaluationManifest, released: ReleasedCounts) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._released = released
        self._names = area_names(evaluation.areas)
        self._common = release_extensions(settings.base, evaluation, released.policy, released.run)

    def build(self, measure: ProportionMeasure, reference: MeasureReference, reporter: Reporter) -> Json:
        """The report as JSON: R4, no meta, no literal reference."""
        base, evaluation = self._settings.base, self._evaluation
        identifier = report_identifier(
            self._settings, evaluation, measure.id, reporter.code, self._released.policy.audience
        )
        return {
            "resourceType": "MeasureReport",
            "id": f"mr-{identifier}",
            "text": _narrative(measure, reference, reporter, evaluation),
            "extension": [
                *self._common,
                *measure_extensions(base, reference),
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
            "group": [self._group(measure, reporter)],
        }

    def _organisation(self, code: str) -> Json:
        reference: Json = {"identifier": organisation_identifier(code)}
        return reference | {"display": self._names[code]} if code in self._names else reference

    def _covered(self, practice: str) -> Json:
        url = definition(self._settings.base, "covered-practice")
        return valued(url, "Reference", self._organisation(practice))

    def _group(self, measure: ProportionMeasure, reporter: Reporter) -> Json:
        whole = self._released.groups[Group(measure.id, reporter.code, ALL, ALL)]
        return {
            "code": concepts.measure_group(self._settings.base, measure),
            **self._counts(measure, whole),
            "stratifier": [
                *self._areas(measure, reporter),
                *(self._stratifier(measure, reporter, one) for one in measure.stratifiers),
            ],
        }

    def _areas(self, measure: ProportionMeasure, reporter: Reporter) -> Iterator[Json]:
        """By network and by practice, for a reporter that has several."""
        base = self._settings.base
        for id_ in (PCN, PRACTICE):
            strata = self._area_strata(measure, reporter, id_)
            if strata:
                yield {
                    "code": [concepts.area_stratifier(base, id_)],
                    "stratum": [
                        {"value": concepts.area(base, id_, code, self._names), **self._counts(measure, group)}
                        for code, group in strata.items()
                    ],
                }

    def _area_strata(self, measure: ProportionMeasure, reporter: Reporter, id_: str) -> Mapping[str, ReleasedGroup]:
        codes = {
            area.practice_id if id_ == PRACTICE else area.pcn_id or concepts.UNKNOWN
            for area in self._evaluation.areas
            if area.practice_id in reporter.practices
        }
        found = (
            (code, self._released.groups.get(Group(measure.id, reporter.code, id_, code))) for code in sorted(codes)
        )
        return {code: group for code, group in found if group}

    def _stratifier(self, measure: ProportionMeasure, reporter: Reporter, one: Stratifier | Crossing) -> Json:
        """A crossing has no code of its own: the components of its strata carry theirs."""
        strata = [
            {
                **_told_apart(self._settings.base, one, stratum),
                **self._counts(measure, self._released.groups[Group(measure.id, reporter.code, one.id, stratum)]),
            }
            for stratum in one.strata
        ]
        if isinstance(one, Crossing):
            return {"stratum": strata}
        return {"code": [concepts.stratifier(self._settings.base, one)], "stratum": strata}

    def _counts(self, measure: ProportionMeasure, group: ReleasedGroup) -> Json:
        """Populations, score and undetermined of a group or stratum; what is not given says why."""
        base = self._settings.base
        extensions = [counted(definition(base, _UNDETERMINED), group.cells[_UNDETERMINED])]
        result = score(group)
        counts: Json = {"extension": extensions, "population": [*_populations(measure, group)]}
        if result.value is None:
            extensions.append(valued(definition(base, "score-absent"), "Code", result.reason))
            return counts
        return counts | {"measureScore": {"value": result.value, "unit": "1", "system": UCUM, "code": "1"}}


def _populations(measure: ProportionMeasure, group: ReleasedGroup) -> Iterator[Json]:
    """The populations that the measure defines, each with its count or the reason why there is none."""
    defined = {name for name, _ in measure.populations()} | {"denominator"}
    for name in _ORDER:
        if name in defined:
            cell = group.cells[name]
            given = {"_count": {"extension": [absent(cell)]}} if cell.value is None else {"count": cell.value}
            yield {"code": concepts.population(name), **given}


def _told_apart(base: str, one: Stratifier | Crossing, stratum: str) -> Json:
    if isinstance(one, Crossing):
        return {"component": concepts.components(base, one, stratum)}
    return {"value": concepts.stratum(base, one, stratum)}


def _narrative(
    measure: ProportionMeasure, reference: MeasureReference, reporter: Reporter, evaluation: EvaluationManifest
) -> dict[str, Any]:
    """What a reader without software needs first. No counts: they are below."""
    period = evaluation.period
    lines = [
        f"{measure.title}. {reporter.code}, {period.start} to {period.end}, "
        f"as of {evaluation.as_of}, from data of {evaluation.data_date}.",
        *([_LABELLED[reference.state]] if reference.state in _LABELLED else []),
        *evaluation.notes,
        USE,
    ]
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'}
