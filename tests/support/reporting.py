"""Reports of made-up people without a store or a file: as they would be released to an audience."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec
import orjson
import pyarrow as pa

from hi_fhir.cohorts.inputs import Area, Note, People
from hi_fhir.cohorts.lists import ListComparison
from hi_fhir.disclosure.counts import ExactCounts, Group, ReleasedCell
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from hi_fhir.disclosure.withheld import withheld_groups
from hi_fhir.measures import registry
from hi_fhir.measures.absence import withheld, withheld_strata
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import CORE20, SEX, Crossing
from hi_fhir.reports.basis import all_absences, run_counts
from hi_fhir.reports.cells import ReleaseCells
from hi_fhir.reports.evaluated import EvaluatedMeasure, code_lists, strata_lists
from hi_fhir.reports.measure_report import MeasureReports, ReportSettings
from hi_fhir.reports.reporters import reporters
from hi_fhir.tables.standing import Standing
from tests.support.evaluations import AREAS, a_reference, an_evaluation, made_up_counts

SETTINGS = ReportSettings("urn:example:measure-report", "https://example.invalid/fhir")


@dataclass(frozen=True)
class Released:
    """reports, cells, known: by reporter's code. exact: the counts behind them. known: see BuiltReport."""

    reports: dict[str, dict[str, Any]]
    cells: dict[str, list[ReleasedCell]]
    exact: dict[Group, dict[str, int]]
    known: dict[str, bool]


def a_measure(id_: str = "hypertension-treated-to-target-under-80") -> Measure:
    """A measure with few strata, so that a report of it can be read."""
    (measure,) = registry.load([id_])
    return replace(measure, stratifiers=(SEX, Crossing((SEX, CORE20))))


def released_reports(
    audience: str,
    *,
    measure: Measure | None = None,
    areas: Sequence[Area] = AREAS,
    people: int = 60,
    seed: int = 1,
    state: str | None = "full",
    states: Mapping[str, str] = MappingProxyType({}),
    counts: pa.Table | None = None,
    notes: Sequence[Note] = (),
    wanting: Sequence[Standing] = (),
    lists: ListComparison | None = None,
    people_of_run: People | None = None,
) -> Released:
    """Every reporter's report on one measure. wanting: types that were not understood."""
    measure = measure or a_measure()
    evaluated = EvaluatedMeasure(measure, a_reference(measure, state, states))
    evaluation = an_evaluation([evaluated.reference], areas, people * len(areas), notes=notes, lists=lists)
    if wanting:
        evaluation = msgspec.structs.replace(evaluation, standings=list(wanting), heard={})
    if people_of_run:
        evaluation = msgspec.structs.replace(evaluation, people=people_of_run)
    reporting = reporters(areas, audience)
    table = counts if counts is not None else made_up_counts([measure], areas, people, seed)
    exact = reporter_counts(table, {reporter.code: reporter.practices for reporter in reporting})
    absent = all_absences(evaluation, [measure])
    held = withheld_groups(
        exact,
        withheld(absent),
        withheld_strata(absent),
        {reporter.code: reporter.practices for reporter in reporting},
        {area.practice_id: area.pcn_id for area in areas},
    )
    lists, strata = code_lists([evaluated]), strata_lists([evaluated])
    run = run_counts(evaluation)
    counted = ExactCounts(exact, run, lists, held, strata_lists=strata)
    released = release(counted, POLICIES[audience], NOTHING)
    building, of_all = MeasureReports(SETTINGS, evaluation, released.policy), ReleaseCells(released)
    cells = {one.code: of_all.of(evaluated, one.code) for one in reporting}
    derived = building.derive([evaluated] * len(reporting), [*cells.values()])
    built = {
        one.code: building.build(evaluated, one, cells[one.code], from_it)
        for one, from_it in zip(reporting, derived, strict=True)
    }
    return Released(
        {code: orjson.loads(report.content) for code, report in built.items()},
        {code: [*own.rows()] for code, own in cells.items()},
        exact,
        {code: report.is_known for code, report in built.items()},
    )


def groups_of(report: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Stratifier, stratum and what is counted of it: the whole first, a crossing's parts joined as in the counts."""
    (group,) = report["group"]
    yield "all", "all", group
    for stratifier in group["stratifier"]:
        for stratum in stratifier["stratum"]:
            if "component" in stratum:
                ids = [_code(part["code"]) for part in stratum["component"]]
                values = [_code(part["value"]) for part in stratum["component"]]
                yield "*".join(ids), "*".join(values), stratum
            else:
                yield _code(stratifier["code"][0]), _code(stratum["value"]), stratum


def count_of(counted: dict[str, Any], population: str) -> int | str:
    """The count of a population, or the reason why there is none."""
    (found,) = [one for one in counted["population"] if _code(one["code"]) == population]
    return found["count"] if "count" in found else found["_count"]["extension"][0]["valueCode"]


def extensions(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Our own extensions of a name."""
    return [one for one in report.get("extension", []) if one["url"].endswith(f"/StructureDefinition/{name}")]


def parts(extension: dict[str, Any]) -> dict[str, Any]:
    """Value of each part of a nested extension; the reason where a count is not given."""
    return {part["url"]: _value(part) for part in extension["extension"]}


def _value(extension: dict[str, Any]) -> Any:
    values = [value for name, value in extension.items() if name.startswith("value")]
    return values[0] if values else _value(extension["extension"][0])


def _code(concept: dict[str, Any]) -> str:
    return str(concept["coding"][0]["code"])
