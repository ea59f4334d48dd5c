"""What one release is of: an evaluation, who reports to whom, and the exact counts behind it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import GateError, UserError
from hi_fhir.disclosure.conditions import conditions_of
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy, Stratum
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.disclosure.hierarchy import nested_strata
from hi_fhir.disclosure.withheld import withheld_groups
from hi_fhir.measures.absence import withheld, withheld_strata
from hi_fhir.measures.evaluation import EvaluationManifest, changed_contents, read_evaluation
from hi_fhir.pipeline.counted import read_counts
from hi_fhir.reports.basis import all_absences, run_counts
from hi_fhir.reports.cells import populations_told
from hi_fhir.reports.evaluated import EvaluatedMeasure, code_lists, evaluated_measures, strata_lists
from hi_fhir.reports.reporters import Reporter, reporters
from hi_fhir.tables.standing import Absence
from hi_fhir.terminology.catalogue import Terminology


class ReleaseJob(NamedTuple):
    """One release: who reports about what to whom, the exact counts behind it, and what of them is not known.

    counts: of each practice, as COUNTS. exact: of all who report.
    """

    evaluation: EvaluationManifest
    audience: Audience
    measures: tuple[EvaluatedMeasure, ...]
    reporting: tuple[Reporter, ...]
    counts: pa.Table
    exact: ExactCounts
    absent: Sequence[Absence]


def release_job(config: Config, terminology: Terminology, folder: Path, audience: Audience) -> ReleaseJob:
    evaluation = read_evaluation(folder)
    measures, reporting = (
        evaluated_measures(evaluation.measures, config.overlays),
        reporters(evaluation.areas, audience),
    )
    if not reporting:
        raise GateError(
            f"evaluation {evaluation.id}: nobody is registered with a practice on {evaluation.as_of}, so there is "
            "nobody to report about. hi-fhir status tells what was received. Where a source is one practice's own and "
            "its records do not say so, name it: practice, a setting of the source (its ODS code)."
        )
    # What several audiences are given of one evaluation is put together: so it is decided over the widest of them.
    decided = reporting if audience == Audience.PRACTICE else reporters(evaluation.areas, Audience.PUBLIC)
    practices = {reporter.code: reporter.practices for reporter in decided}
    counts = read_counts(folder, evaluation)
    groups = _told_of(measures, reporter_counts(counts, practices))
    absent = all_absences(evaluation, [evaluated.measure for evaluated in measures])
    pcns = {area.practice_id: area.pcn_id for area in evaluation.areas}
    exact = ExactCounts(
        groups=groups,
        run=run_counts(evaluation),
        code_lists=code_lists(measures),
        strata_lists=strata_lists(measures),
        withheld=withheld_groups(groups, withheld(absent), withheld_strata(absent), practices, pcns),
        hierarchy=Hierarchy(_nested(measures, terminology), practices, pcns),
        conditions={
            (one.measure.id, population): conditions
            for one in measures
            for population, conditions in conditions_of(one.measure).items()
        },
        contract=frozenset(one.measure.id for one in measures if one.measure.contract),
    )
    return ReleaseJob(evaluation, audience, measures, reporting, counts, exact, absent)


def _told_of(
    measures: Iterable[EvaluatedMeasure], groups: Mapping[Group, Mapping[str, int]]
) -> dict[Group, dict[str, int]]:
    """The counts that have a cell: of a population that a measure does not define everybody knows that it is empty."""
    told = {one.measure.id: populations_told(one.measure) for one in measures}
    return {group: {name: people[name] for name in told[group.measure_id]} for group, people in groups.items()}


def _nested(measures: Iterable[EvaluatedMeasure], terminology: Terminology) -> dict[Stratum, list[Stratum]]:
    parts = [part for evaluated in measures for one in evaluated.measure.stratifiers for part in one.parts]
    categories = terminology.ethnicity().categories
    return nested_strata(parts, {letter: category.group_2021 for letter, category in categories.items()})


def check_contents(terminology: Terminology, evaluation: EvaluationManifest) -> None:
    """That no value set or mapping says something else under the version by which the reports would name it."""
    if changed := changed_contents(evaluation, terminology):
        raise UserError(
            f"evaluation {evaluation.id}: what it read was changed since, and its version was not: "
            f"{', '.join(changed)}. Run: hi-fhir evaluate. Whoever changed it: raise its version; an overlay has "
            "versions of its own."
        )
