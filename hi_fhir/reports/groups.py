"""The group of a MeasureReport: populations, score and strata, or for each what is not given and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hi_fhir.disclosure.cells import Strata
from hi_fhir.disclosure.counts import ReleasedGroup
from hi_fhir.disclosure.statistics import score
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL, Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.extensions import Json, absent, definition, nested, valued
from hi_fhir.terminology.systems import UCUM

UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Groups:
    """Builds groups. names: of organisations, by ODS code."""

    base: str
    names: Mapping[str, str]

    def of(self, measure: Measure, strata: Mapping[str, Strata]) -> Json:
        """The group of a report on `measure`, in whole and by each stratifier. strata: by stratifier."""
        populations = concepts.defined_populations(measure)

        def by(stratifier: str) -> Strata:
            return strata.get(stratifier, {})

        stratifiers = [
            *(self._area_stratifier(id_, by(id_), populations) for id_ in concepts.AREAS if by(id_)),
            *(self._stratifier(one, by(one.id), populations) for one in measure.stratifiers),
        ]
        return {
            "code": concepts.measure_group(self.base, measure),
            **self._counts(by(ALL)[ALL], populations),
            "stratifier": stratifiers,
        }

    def _area_stratifier(self, id_: str, strata: Strata, populations: tuple[str, ...]) -> Json:
        """By network or practice, of a reporter that has several."""
        return {
            "code": [concepts.area_stratifier(self.base, id_)],
            "stratum": [
                {
                    "value": concepts.area(self.base, id_, code, self.names),
                    **self._counts(strata[code], populations),
                }
                for code in sorted(strata)
            ],
        }

    def _stratifier(self, one: Stratifier | Crossing, strata: Strata, populations: tuple[str, ...]) -> Json:
        """A crossing has no code of its own: the components of its strata carry theirs."""
        built = [
            {**self._told_apart(one, stratum), **self._counts(strata[stratum], populations)} for stratum in one.strata
        ]
        if isinstance(one, Crossing):
            return {"stratum": built}
        return {"code": [concepts.stratifier(self.base, one)], "stratum": built}

    def _told_apart(self, one: Stratifier | Crossing, stratum: str) -> Json:
        if isinstance(one, Crossing):
            return {"component": concepts.components(self.base, one, stratum)}
        return {"value": concepts.stratum(self.base, one, stratum)}

    def _populations(self, group: ReleasedGroup, populations: tuple[str, ...]) -> Iterator[Json]:
        """Each population with its count or the reason why there is none."""
        for name in populations:
            cell = group.cells[name]
            given: Json = {"count": cell.value}
            if cell.value is None:
                given = {"_count": {"extension": [*_absent(group, name, self.base)]}}
            yield {"code": concepts.population(name), **given}

    def _counts(self, group: ReleasedGroup, populations: tuple[str, ...]) -> Json:
        extensions = [_counted(definition(self.base, UNDETERMINED), group, UNDETERMINED, self.base)]
        counts: Json = {"extension": extensions, "population": [*self._populations(group, populations)]}
        value, reason = score(group)
        if reason is not None:
            extensions.append(valued(definition(self.base, "score-absent"), "Code", reason))
        if value is None:
            return counts
        return counts | {"measureScore": {"value": value, "unit": "1", "system": UCUM, "code": "1"}}


def _counted(url: str, group: ReleasedGroup, population: str, base: str) -> Json:
    """An extension with the count of a population, or with the reason why there is none."""
    cell = group.cells[population]
    if cell.value is None:
        return nested(url, _absent(group, population, base))
    return valued(url, "Integer", cell.value)


def _absent(group: ReleasedGroup, population: str, base: str) -> Iterator[Json]:
    """Why a count is not given: R4's code, and our own reason where it is withheld."""
    yield absent(group.cells[population])
    if population in group.reasons:
        yield valued(definition(base, "withheld-reason"), "Code", group.reasons[population])
