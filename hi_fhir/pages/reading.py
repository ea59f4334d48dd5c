"""What pages show: the released counts of one reader and what follows from them, read from the store each time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures import registry
from hi_fhir.measures.model import Measure
from hi_fhir.pages.about import data_basis
from hi_fhir.pages.areas import PageArea, area, areas
from hi_fhir.pages.taken.area_taken import AreaTaken
from hi_fhir.pipeline.kept_statistics import KeptStatistics
from hi_fhir.pipeline.own_records import SourceRecords, own_records
from hi_fhir.pipeline.statistics_of import ReleasedReports, released_reports, statistics_among
from hi_fhir.reports.derived.table import StatisticsTable
from hi_fhir.reports.heads import ReportHead, report_head
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import CurrentReport, WithdrawnReport, report_contents
from hi_fhir.store.given import GivenReports
from hi_fhir.store.search import read_measure
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import Terminology, load


@dataclass(frozen=True)
class Shelf:
    """overlays: folders with a deployment's own measures. data_dir: with what was imported, lists among it, and the
    evaluations, of which a practice is told what became of its own records."""

    store: Store
    overlays: Sequence[Path] = ()
    data_dir: Path | None = None

    @property
    def imports(self) -> Path | None:
        return None if self.data_dir is None else self.data_dir / "imports"

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """By id, as they are defined where the service was started."""
        return {id_: one.measure for id_, one in registry.defined(self.overlays).items()}

    @cached_property
    def kept(self) -> KeptStatistics:
        return KeptStatistics()

    @cached_property
    def terminology(self) -> Terminology:
        return load(self.overlays)

    @contextmanager
    def opened(self, reader: Reader) -> Iterator["OpenShelf"]:
        with self.store.read() as session:
            yield OpenShelf(self, session, reader)


class WithdrawnError(NotFoundError):
    """All that is asked for was withdrawn. reports: what that was."""

    def __init__(self, reports: Sequence[WithdrawnReport]) -> None:
        first = reports[0]
        super().__init__(f"withdrawn: {first.reason} (asked for by {first.asked_by})")
        self.reports = reports


@dataclass(frozen=True)
class OpenShelf:
    """For one request. What the reader may not have is not here."""

    shelf: Shelf
    session: Session
    reader: Reader
    _asked: dict[str, ReleasedReports] = field(default_factory=dict)

    def areas(self) -> list[PageArea]:
        return areas(self.session.connection(), self.reader)

    def names(self) -> dict[str, str]:
        """Of these, by ODS code."""
        return {one.code: one.name for one in self.areas()}

    def area(self, code: str) -> PageArea:
        """
        Raises:
            NotFoundError: nothing is here of it.
        """
        return area(self.session.connection(), self.reader, code)

    def reports(self, code: str) -> Sequence[CurrentReport]:
        """Of an area: in order of measure and period."""
        return self._released(code).current

    def withdrawn(self, code: str, measure: str | None = None) -> tuple[WithdrawnReport, ...]:
        """Of an area, and of a measure if one is named."""
        return tuple(one for one in self._released(code).withdrawn if measure in (None, one.measure_id))

    def _released(self, code: str) -> ReleasedReports:
        """Asked of the store once a request."""
        if code not in self._asked:
            found = released_reports(self.session, self.reader.audience, self.reader.reached, [code])
            self._asked[code] = found
        return self._asked[code]

    def period(self, asked: str | None, periods: Sequence[Period], withdrawn: Sequence[WithdrawnReport]) -> Period:
        """As of `chosen_period`. withdrawn: what would else have been there.

        Raises:
            WithdrawnError: nothing else was there of that period.
            NotFoundError: nothing was.
        """
        try:
            return chosen_period(asked, periods)
        except NotFoundError:
            gone = [one for one in withdrawn if asked in (None, period_code(Period(one.period_start, one.period_end)))]
            if gone:
                raise WithdrawnError(gone) from None
            raise

    def has_measure(self, id_: str) -> bool:
        return id_ in self.shelf.measures and read_measure(self.session.connection(), self.reader, id_) is not None

    def heads(self, reports: Sequence[CurrentReport]) -> dict[str, ReportHead]:
        """What reports of one period say beside their numbers, by measure."""
        measures = {one.id: one.measure_id for one in reports}
        found = {measures[id_]: report_head(content) for id_, content in report_contents(self.session, [*measures])}
        return {one.measure_id: found[one.measure_id] for one in reports}

    def own_records(self, code: str, period: Period, given: Sequence[GivenReports]) -> tuple[SourceRecords, ...]:
        """What became of a practice's records, for itself, as of the latest release of a period. given: its releases.

        None for any other reader, and where `pipeline.own_records` has none.
        """
        of_it = (one.evaluation for one in given if (one.period_start, one.period_end) == (period.start, period.end))
        evaluation, data_dir = next(of_it, None), self.shelf.data_dir
        if self.reader.audience != Audience.PRACTICE or evaluation is None or data_dir is None:
            return ()
        return own_records(data_dir, evaluation, code)

    def table(
        self,
        code: str,
        period: Period | None,
        measures: Collection[str] = (),
        stratifiers: Collection[str] = (),
        *,
        with_changes: bool = True,
    ) -> StatisticsTable:
        """All measures and stratifiers where none are named. with_changes: as of `statistics_among`.

        Raises:
            NotFoundError: nothing is here of it.
        """
        return statistics_among(
            self.session,
            self.reader.audience,
            self._released(code),
            self.shelf.measures,
            self.shelf.kept,
            measures=measures,
            stratifiers=stratifiers,
            period=period,
            with_changes=with_changes,
        )

    def taken(self, code: str, period: str | None) -> AreaTaken:
        """All of an area in a period, which is named as `period_code` does; None: the latest.

        Raises:
            NotFoundError: nothing is here of it.
        """
        found, reports = self.area(code), self.reports(code)
        chosen = self.period(period, periods_of(reports), self.withdrawn(code))
        heads = self.heads(of_period(reports, chosen))
        return AreaTaken(
            area=found,
            period=chosen,
            audience=self.reader.audience,
            rows=self.table(code, chosen).rows,
            basis=data_basis([*heads.values()]),
            measures=self.shelf.measures,
            names=self.names(),
        )


def periods_of(reports: Sequence[CurrentReport]) -> tuple[Period, ...]:
    """The latest first."""
    return tuple(sorted({Period(one.period_start, one.period_end) for one in reports}, key=_by_end, reverse=True))


def of_period(reports: Sequence[CurrentReport], period: Period) -> tuple[CurrentReport, ...]:
    return tuple(one for one in reports if (one.period_start, one.period_end) == (period.start, period.end))


def chosen_period(asked: str | None, periods: Sequence[Period]) -> Period:
    """asked: as `2024-04-01..2025-03-31`; None: the latest.

    Raises:
        NotFoundError: there is nothing of such a period.
    """
    if asked is None and periods:
        return periods[0]
    for period in periods:
        if asked == period_code(period):
            return period
    raise NotFoundError("nothing is here of that period")


def period_code(period: Period) -> str:
    return f"{period.start}..{period.end}"


def _by_end(period: Period) -> tuple[object, object]:
    return period.end, period.start
