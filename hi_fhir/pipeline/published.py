"""What readers have already when a release is decided, and which of it is of the same people as what it counts."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.disclosure.conditions import conditions_of
from hi_fhir.disclosure.counts import Group
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.disclosure.policies import policies
from hi_fhir.disclosure.published import EarlierCells, EarlierReport, Population, Published, PublishedVersion
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, read_evaluation
from hi_fhir.measures.model import POPULATIONS, Measure
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.tree import walk
from hi_fhir.measures.words.windows import InPeriod
from hi_fhir.pipeline.apart import check_apart
from hi_fhir.pipeline.counted import counts_kept
from hi_fhir.pipeline.history import evaluations, find_evaluation
from hi_fhir.store import ledger
from hi_fhir.store.cell_columns import CellColumns, cell_columns
from hi_fhir.store.earlier import EarlierRow, earlier_rows

ABOVE_PRACTICE = (Audience.PCN, Audience.ICB, Audience.PUBLIC)
"""Whose reports are decided together: one of these may have what another was given."""


def reckoned_with(audience: Audience) -> tuple[Audience, ...]:
    """The audiences whose reports a decision for one has to know."""
    return Audience.PRACTICE.knows if audience == Audience.PRACTICE else ABOVE_PRACTICE


def policies_above_practice(name: str) -> list[tuple[str, str]]:
    """Id and version of each policy by which is decided now. name: of the deployment's choice."""
    return [(policies(name)[one].id, policies(name)[one].version) for one in ABOVE_PRACTICE]


def published(
    session: Session,
    audience: Audience,
    seen: Iterable[ledger.ReleasedVersion],
    evaluation: EvaluationManifest,
    measures: Collection[Measure],
    config: Config,
) -> Published:
    """seen: every version that the decision has to know. measures: those of the release.

    Raises:
        GateError: as of `check_apart`.
    """
    versions = [PublishedVersion(*one) for one in seen]
    if audience == Audience.PRACTICE:
        return Published(versions)
    rows = earlier_rows(
        session,
        ABOVE_PRACTICE,
        evaluation.as_of,
        [evaluation.id, *counted_alike(evaluation, config.data_dir)],
        policies_above_practice(config.disclosure_policy),
    )
    check_apart(session, evaluation, rows)
    same = _SamePeople(evaluation, measures, config.overlays) if rows else None
    told = [(row, of) for row in rows if same and (of := same.populations(row))]
    reports = [
        EarlierReport(row.evaluation_id, _measure_id(row), row.reporter, frozenset(row.practices), of)
        for row, of in told
    ]
    columns = cell_columns(session, [row.id for row, _ in told])
    return Published(versions, reports, EarlierCells(*columns, _counted_then(reports, columns, config.data_dir)))


def _counted_then(reports: Sequence[EarlierReport], cells: CellColumns, data_dir: Path) -> npt.NDArray[np.int32]:
    """By cell, the people that were counted then; -1 where the evaluation is gone."""
    exact = np.full((len(reports), len(cells.names)), -1, dtype=np.int32)
    practices: dict[str, dict[str, frozenset[str]]] = {}
    for report in reports:
        practices.setdefault(report.evaluation, {})[report.reporter] = report.practices
    for name, table in counts_kept(data_dir, practices).items():
        groups = reporter_counts(table, practices[name])
        for place, report in enumerate(reports):
            if report.evaluation == name:
                for number, (*group, population) in enumerate(cells.names):
                    people = groups.get(Group(report.measure_id, report.reporter, *group))
                    exact[place, number] = -1 if people is None else people.get(population, -1)
    found: npt.NDArray[np.int32] = exact[cells.report, cells.name]
    return found


def counted_alike(evaluation: EvaluationManifest, data_dir: Path) -> list[str]:
    """Ids of other evaluations that are here still and give a decision all the same to decide about.

    Their data differ in what no count of people goes by, as in a reading that nobody could have. To decide anew, beside
    what was decided about the same counts, would hold back others, and show by the one what the other holds back.
    """
    counts = evaluation.tables.get(COUNTS_FILE)
    same = [one["id"] for one in evaluations(data_dir) if counts and one.get("tables", {}).get(COUNTS_FILE) == counts]
    others = (read_evaluation(find_evaluation(data_dir, name)) for name in same if name != evaluation.id)
    return [one.id for one in others if _decided(one) == _decided(evaluation)]


def _decided(evaluation: EvaluationManifest) -> list[object]:
    """All that a decision goes by; its counts by their digest. Counts of the run are masked each by itself."""
    return [
        (evaluation.period, evaluation.as_of, evaluation.measures, evaluation.policies, evaluation.versions),
        (evaluation.contents, evaluation.standings, evaluation.tables[COUNTS_FILE]),
        sorted((area.practice_id, area.pcn_id or "", area.icb_id or "") for area in evaluation.areas),
    ]


def _measure_id(row: EarlierRow) -> str:
    return row.measure_url.rpartition("/")[2]


class _SamePeople:
    """Which populations of earlier reports of the same reference date are those of the release."""

    def __init__(self, evaluation: EvaluationManifest, measures: Collection[Measure], overlays: Sequence[Path]) -> None:
        self._period = (evaluation.period.start, evaluation.period.end)
        self._now = {one.id: one for one in measures}
        self._defined = {one.measure.id: one.measure for one in registry.defined(overlays).values()} | self._now
        self._by_conditions = {
            conditions: (measure.id, population)
            for measure in measures
            for population, conditions in conditions_of(measure).items()
        }
        self._known: dict[tuple[str, str, object], Mapping[str, Population]] = {}

    def populations(self, row: EarlierRow) -> Mapping[str, Population]:
        """Of a report that ends on the same day: who is old on the last day is so in all of it."""
        period = (row.period_start, row.period_end)
        if row.period_end != self._period[1]:
            return {}
        key = (_measure_id(row), row.measure_version, period)
        if key not in self._known:
            self._known[key] = self._of(*key[:2], is_same_period=period == self._period)
        return self._known[key]

    def _of(self, measure_id: str, version: str, *, is_same_period: bool) -> Mapping[str, Population]:
        measure = self._defined.get(measure_id)
        if measure is None or measure.version != version:
            return {}
        if is_same_period and measure_id in self._now:
            return {population: (measure_id, population) for population in POPULATIONS}
        return {
            population: self._by_conditions[conditions]
            for population, conditions in conditions_of(measure).items()
            if conditions in self._by_conditions and (is_same_period or not _looks_at_period(conditions))
        }


def _looks_at_period(conditions: Iterable[Hashable]) -> bool:
    """Whether anything in a definition goes by the first day of the period."""
    words = (inner for one in conditions if isinstance(one, Word) for inner in walk(one))
    return any(isinstance(value, InPeriod) for word in words for value in vars(word).values())
