"""What a measure is worked out from over a period, as a Library of type module-definition.

A record that is asked for by days is so by each element that may date it, since the first that can be read does.
Records of whatever day, undated ones among them, are asked for without days. Source: FHIR R4 DataRequirement, and
OperationDefinition Measure-data-requirements.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from hi_fhir.core.days import Period
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import ALWAYS, panels, value_sets
from hi_fhir.measures.render.sight import Sight, sights
from hi_fhir.measures.words.events import CLINICAL_EVENT
from hi_fhir.measures.words.windows import EVER, Ever, days_of
from hi_fhir.reports.artifacts.concept_maps import concept_map_canonical
from hi_fhir.reports.artifacts.libraries import TYPE_SYSTEM, depends_on
from hi_fhir.reports.artifacts.naming import Json
from hi_fhir.reports.artifacts.value_sets import ETHNICITY, value_set_canonical
from hi_fhir.reports.concepts import concept
from hi_fhir.reports.definitions import library_url
from hi_fhir.reports.measure_report import measure_url
from hi_fhir.terminology.catalogue import Terminology

_CODED_BY: Mapping[str, str] = MappingProxyType(
    {"Encounter": "class", "Immunization": "vaccineCode", "MedicationRequest": "medication"}
)
_DATED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Condition": ("onset", "recordedDate"),
        "Encounter": ("period",),
        "Immunization": ("occurrence", "recorded"),
        "MedicationRequest": ("authoredOn",),
        "Observation": ("effective", "issued"),
        "Procedure": ("performed",),
    }
)


class MeasureRequirements:
    """base: of the deployment's canonical URLs."""

    def __init__(self, base: str, measures: Iterable[Measure], terminology: Terminology) -> None:
        self._base = base
        self._measures = {measure_url(base, measure.id): measure for measure in measures}
        self._terminology = terminology

    def library(self, url: str, version: str, period: Period) -> Json | None:
        """Of the measure with this canonical URL in this version; None: that is not what is worked out here.

        Raises:
            ValueError, OverflowError: it would look at days that no calendar has.
        """
        measure = self._measures.get(url)
        if measure is None or measure.version != version:
            return None
        seen = [*sights(measure.words()), *(Sight(type_, ETHNICITY, EVER) for type_ in CLINICAL_EVENT)]
        return {
            "resourceType": "Library",
            "name": "DataRequirements",
            "title": f"{measure.title}: what it is worked out from",
            "status": "active",
            "experimental": not measure.is_reviewed,
            "type": concept(TYPE_SYSTEM, "module-definition"),
            "subjectCodeableConcept": concept("http://hl7.org/fhir/resource-types", "Patient"),
            "effectivePeriod": {"start": period.start.isoformat(), "end": period.end.isoformat()},
            "relatedArtifact": [*self._related(measure)],
            "dataRequirement": [*self._required(seen, period)],
        }

    def _related(self, measure: Measure) -> Iterator[Json]:
        """The measure, its logic, its code lists, and the maps that take other codes to theirs."""
        terminology = self._terminology
        found = [f"{one(self._base, measure.id)}|{measure.version}" for one in (measure_url, library_url)]
        lists = [one["resource"] for one in depends_on(self._base, measure, terminology)]
        within = sorted({panel for id_ in value_sets(measure) for panel in panels(id_)})
        maps = [concept_map_canonical(self._base, terminology, id_) for id_ in sorted(terminology.concept_maps)]
        others = [value_set_canonical(self._base, terminology, id_) for id_ in (*within, ETHNICITY)]
        for url in (*found, *lists, *others, *maps):
            yield {"type": "depends-on", "resource": url}

    def _required(self, seen: Sequence[Sight], period: Period) -> Iterator[Json]:
        whole = {*ALWAYS, *(one.type for one in seen if one.value_set is None and isinstance(one.window, Ever))}
        for type_ in sorted(whole):
            yield {"type": type_}
        narrower = {one for one in seen if one.type not in whole}
        narrower |= {one._replace(value_set=panel) for one in narrower for panel in panels(one.value_set or "")}
        for one in sorted(narrower, key=lambda one: (one.type, one.value_set or "", str(one.window))):
            yield from self._of(one, period)

    def _of(self, sight: Sight, period: Period) -> Iterator[Json]:
        """By code, and by each element that may date a record."""
        codes = {}
        if sight.value_set is not None:
            value_set = value_set_canonical(self._base, self._terminology, sight.value_set)
            codes = {"codeFilter": [{"path": _CODED_BY.get(sight.type, "code"), "valueSet": value_set}]}
        if isinstance(sight.window, Ever):
            yield {"type": sight.type, **codes}
            return
        first, last = days_of(sight.window, period, period.end)
        for path in _DATED_BY[sight.type]:
            yield {"type": sight.type, **codes, "dateFilter": [_days(path, first, last)]}


def _days(path: str, first: date, last: date) -> Json:
    return {"path": path, "valuePeriod": {"start": first.isoformat(), "end": last.isoformat()}}
