"""A measure in an area as a page has it: the whole, its trend, each breakdown, and the pictures of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL, PRACTICE, Crossing
from hi_fhir.pages import wording
from hi_fhir.pages.charts.groups import groups_chart
from hi_fhir.pages.funnel import Funnel, funnel, funnel_chart
from hi_fhir.pages.heat import Grid, grid, heat_chart
from hi_fhir.pages.strata_table import StrataTable, breakdown
from hi_fhir.pages.trend import TrendPoint, trend, trend_chart, trend_sentence
from hi_fhir.reports.derived.rows import RELATIVE_INDEX, SLOPE_INDEX
from hi_fhir.reports.derived.table import Row

TREND = "trend"
_COMPARED = {SLOPE_INDEX: "Slope index of inequality", RELATIVE_INDEX: "Relative index of inequality"}


@dataclass(frozen=True)
class MeasureView:
    """now: rows of the period. ever: rows of everybody, in all periods. names: of organisations, by ODS code."""

    measure: Measure
    area: str
    period: Period
    now: Sequence[Row]
    ever: Sequence[Row]
    names: Mapping[str, str]

    @cached_property
    def whole(self) -> StrataTable:
        return self.table(ALL)

    @cached_property
    def stratifiers(self) -> list[str]:
        """In the order of the report."""
        found = dict.fromkeys(row.stratifier for row in self.now if row.stratum is not None and row.state is not None)
        return [one for one in found if one != ALL]

    @property
    def tables(self) -> list[StrataTable]:
        return [self.table(one) for one in self.stratifiers]

    @cached_property
    def trend(self) -> list[TrendPoint]:
        return trend(self.measure, (row for row in self.ever if row.period_end <= self.period.end))

    @property
    def trend_told(self) -> str:
        return trend_sentence(self.trend)

    @property
    def overlaps(self) -> list[str]:
        """What it does to changes that their periods share days."""
        return wording.overlaps(point.change for point in self.trend if point.change)

    @property
    def slopes(self) -> list[tuple[str, Row]]:
        """The name of each index of inequality by deprivation, and what it is."""
        return [(_COMPARED[row.statistic], row) for row in self.now if row.statistic in _COMPARED]

    def table(self, stratifier: str) -> StrataTable:
        return breakdown(self.measure, stratifier, self.now, self.names)

    def funnel(self, table: StrataTable) -> Funnel | None:
        return funnel(table, self.now) if table.id == PRACTICE else None

    def grid(self, table: StrataTable) -> Grid | None:
        one = next((known for known in self.measure.stratifiers if known.id == table.id), None)
        return grid(table, one) if isinstance(one, Crossing) else None

    def sentence(self, table: StrataTable) -> str:
        found = self.funnel(table)
        return found.sentence if found else table.sentence

    def chart(self, name: str) -> bytes:
        """name: TREND, or a breakdown's id.

        Raises:
            NotFoundError: there is no such picture.
        """
        heading = f"{self.measure.title}, {self.area}"
        if not self.whole.has_score or name not in (TREND, *self.stratifiers):
            raise NotFoundError("there is no such picture")
        if name == TREND:
            return trend_chart(self.trend, heading, is_ratio=self.whole.is_ratio)
        table = self.table(name)
        named = f"{heading}: {table.title}, to {wording.day(self.period.end)}"
        if found := self.funnel(table):
            return funnel_chart(found, named, is_ratio=table.is_ratio)
        if cells := self.grid(table):
            return heat_chart(cells, table, named)
        return groups_chart(table, named)
