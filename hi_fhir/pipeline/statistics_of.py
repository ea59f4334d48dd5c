"""What was released to an audience, with the statistics that follow from it, read from the store."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.disclosure.counts import ReleasedCell
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pipeline.kept_statistics import KeptStatistics
from hi_fhir.reports.cells import ReportCells, Strata
from hi_fhir.reports.derived.breaks import KeptBasis
from hi_fhir.reports.derived.changing import TwoPeriods, changes
from hi_fhir.reports.derived.deriving import derive
from hi_fhir.reports.derived.plan import ReferenceGroup, StatisticsPlan, plan_of
from hi_fhir.reports.derived.table import Head, Row, StatisticsTable, report_rows, statistic_rows
from hi_fhir.store.cells import read_cells
from hi_fhir.store.current import (
    CurrentReport,
    WithdrawnReport,
    current_reports,
    period_before,
    withdrawn_reports,
)
from hi_fhir.store.readable import Codes

_AT_ONCE = 100  # reports of which the cells are held


def statistics_of(
    session: Session,
    audience: Audience,
    *,
    measures: Collection[str] = (),
    reporters: Collection[str] = (),
    stratifiers: Collection[str] = (),
    period: Period | None = None,
    organisations: Codes | None = None,
    reference: ReferenceGroup = ReferenceGroup.MIXED,
    overlays: Sequence[Path] = (),
) -> StatisticsTable:
    """Every count, score and statistic of the reports that hold now, by measure, reporter and period.

    Of one that was withdrawn there is a row that says why, after all others.

    measures, reporters, stratifiers: ids and ODS codes; all where there are none; of stratifiers "all" is everybody,
    whom the others are compared with. period: None takes all. organisations: of who reads, as `store.readable` has it;
    None: everybody. overlays: folders with measures of one's own.

    Raises:
        NotFoundError: nothing of that was released to the audience.
    """
    defined = {id_: one.measure for id_, one in registry.defined(overlays).items()}
    released = released_reports(session, audience, organisations, reporters)
    return statistics_among(
        session,
        audience,
        released,
        defined,
        KeptStatistics(),
        measures=measures,
        stratifiers=stratifiers,
        period=period,
        reference=reference,
    )


class ReleasedReports(NamedTuple):
    """What a reader may have now, with numbers and without."""

    current: Sequence[CurrentReport]
    withdrawn: Sequence[WithdrawnReport]


def released_reports(
    session: Session, audience: Audience, organisations: Codes | None, reporters: Collection[str]
) -> ReleasedReports:
    """organisations, reporters: as of `statistics_of`."""
    return ReleasedReports(
        current_reports(session, audience, organisations, reporters),
        withdrawn_reports(session, audience, organisations, reporters),
    )


def statistics_among(
    session: Session,
    audience: Audience,
    released: ReleasedReports,
    defined: Mapping[str, Measure],
    kept: KeptStatistics,
    *,
    measures: Collection[str] = (),
    stratifiers: Collection[str] = (),
    period: Period | None = None,
    reference: ReferenceGroup = ReferenceGroup.MIXED,
    with_changes: bool = True,
) -> StatisticsTable:
    """As `statistics_of`, among reports that were found. defined: measures by id. kept: of this store and `defined`.

    with_changes: whether they are compared with the period before, for which that has to be read too.
    """
    wanted = [one for one in released.current if _is_asked(one, measures, period)]
    gone = [_withdrawn_row(one) for one in released.withdrawn if _is_asked(one, measures, period)]
    if not wanted and not gone:
        raise NotFoundError(f"nothing of that was released to the {audience} audience. Run: hi-fhir report")
    earlier = released.current if with_changes else ()
    reading = _Reading(session, audience, earlier, stratifiers, reference, defined, kept)
    batches = (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))
    return StatisticsTable([*(row for batch in batches for row in reading.rows(batch)), *gone])


def _withdrawn_row(one: WithdrawnReport) -> Row:
    """Of a report that has no numbers any more, why."""
    head = (one.measure_id, one.measure_version, one.reporter, one.audience, one.period_start, one.period_end)
    return Row(*head, statistic="withdrawn", stratifier=ALL, stratum=None, reason=f"{one.reason} ({one.asked_by})")


def _is_asked(one: CurrentReport | WithdrawnReport, measures: Collection[str], period: Period | None) -> bool:
    is_of_it = period is None or (one.period_start, one.period_end) == (period.start, period.end)
    return is_of_it and _is_among(one.measure_id, measures)


def _is_among(one: str, chosen: Collection[str]) -> bool:
    return not chosen or one in chosen


class _Reading:
    """Reads reports of an audience. earlier: among which the periods before are."""

    def __init__(
        self,
        session: Session,
        audience: Audience,
        earlier: Sequence[CurrentReport],
        stratifiers: Collection[str],
        reference: ReferenceGroup,
        defined: Mapping[str, Measure],
        kept: KeptStatistics,
    ) -> None:
        self._session = session
        self._audience = audience
        self._rule = POLICIES[audience].own  # every version of an audience's policy so far rounds alike
        self._reference = reference
        self._stratifiers = {ALL, *stratifiers} if stratifiers else ()
        self._defined = defined
        self._kept = kept
        self._same: dict[tuple[str, str], list[CurrentReport]] = {}
        for one in earlier:
            self._same.setdefault((one.measure_url, one.reporter), []).append(one)

    def rows(self, reports: Sequence[CurrentReport]) -> Iterable[Row]:
        """Of reports, in their order."""
        before = {one.id: period_before(one, self._same.get((one.measure_url, one.reporter), ())) for one in reports}
        found = {one.id: self._kept.rows.get(self._key(one, before[one.id])) for one in reports}
        new = [one for one in reports if found[one.id] is None]
        if new:
            for report, rows in zip(new, self._worked_out(new, before), strict=True):
                found[report.id] = rows
                self._kept.rows.keep(self._key(report, before[report.id]), rows, len(rows))
        for one in reports:
            yield from found[one.id] or ()

    def _key(self, report: CurrentReport, before: CurrentReport | None) -> Hashable:
        """All that the rows of a report follow from, beside its definition."""
        return report.id, before and before.id, frozenset(self._stratifiers), self._reference

    def _worked_out(
        self, reports: Sequence[CurrentReport], before: Mapping[int, CurrentReport | None]
    ) -> Iterator[Sequence[Row]]:
        pairs = [(now, last) for now in reports if (last := before[now.id]) is not None]
        strata = self._strata([*reports, *(last for _, last in pairs)])
        bases = self._kept.bases(self._session, {one.id for pair in pairs for one in pair})
        derived = derive([self._plan(one) for one in reports], [strata[one.id] for one in reports], self._rule)
        changed: dict[int, list[Row]] = {}
        for place, statistic in changes([_two_periods(*pair, bases, strata) for pair in pairs], self._rule):
            now, _ = pairs[place]
            changed.setdefault(now.id, []).extend(statistic_rows(self._head(now), [statistic]))
        for report, from_it in zip(reports, derived, strict=True):
            yield [*report_rows(self._head(report), strata[report.id], from_it), *changed.get(report.id, ())]

    def _strata(self, reports: Iterable[CurrentReport]) -> dict[int, Strata]:
        """Cells of reports, by the ids of their rows."""
        found: dict[int, list[ReleasedCell]] = {}
        for report, row in read_cells(self._session, [*dict.fromkeys(one.id for one in reports)], self._stratifiers):
            found.setdefault(report, []).append(ReleasedCell(*row))
        return {report: ReportCells.of_rows(rows).strata for report, rows in found.items()}

    def _plan(self, report: CurrentReport) -> StatisticsPlan:
        """By the definition; where that is another now, nothing more than scores can be worked out."""
        measure = self._defined.get(report.measure_id)
        if measure is None:
            raise NotFoundError(
                f"no measure is called {report.measure_id} now. Name the overlay that had it (--overlay), or others."
            )
        own = measure.stratifiers if measure.version == report.measure_version else ()
        told = tuple(one for one in own if not self._stratifiers or one.id in self._stratifiers)
        return plan_of(replace(measure, stratifiers=told), self._reference)

    def _head(self, report: CurrentReport) -> Head:
        days = (report.period_start, report.period_end)
        return Head(report.measure_id, report.measure_version, report.reporter, self._audience, *days)


def _two_periods(
    now: CurrentReport, then: CurrentReport, bases: Mapping[int, KeptBasis], strata: Mapping[int, Strata]
) -> TwoPeriods:
    period = f"{then.period_start}..{then.period_end}"
    is_overlapping = then.period_end >= now.period_start
    return TwoPeriods(period, is_overlapping, bases[then.id], bases[now.id], strata[then.id], strata[now.id])
