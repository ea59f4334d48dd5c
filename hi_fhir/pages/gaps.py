"""The widest gaps between groups of an area, in the direction in which each measure is better."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import CORE20, ETHNIC_GROUP_5
from hi_fhir.pages.differences import RankedDifference
from hi_fhir.reports.derived.rows import DIFFERENCE
from hi_fhir.reports.derived.table import Row

COMPARED = (CORE20.id, ETHNIC_GROUP_5.id)
"""Breakdowns whose groups are ranked."""


@dataclass(frozen=True)
class Gap(RankedDifference):
    """at_least: that the group is worse off by. people: of the group, as released; fewer: who that comes to."""

    people: float

    @property
    def fewer(self) -> float:
        return self.at_least * self.people


class Ranking(NamedTuple):
    """gaps: the widest first, of those whose interval says that the group is worse off. compared: how many differences
    were looked at; not_given: how many could not be."""

    gaps: Sequence[Gap]
    compared: int
    not_given: int

    @property
    def told(self) -> str:
        return (
            f"{self.compared} differences were compared, of which some look wide by chance alone. {self.not_given} "
            "more cannot be given, since a group is too small. A gap is listed where its whole 95% interval says that "
            "the group is worse off."
        )


def widest(rows: Iterable[Row], measures: Mapping[str, Measure]) -> Ranking:
    """Ranked by the end of the interval that says less, times the people of the group; ties by name.

    A measure that counts people alone has no better direction, and no difference here.
    """
    there = list(rows)
    differences = [row for row in there if row.statistic == DIFFERENCE and row.stratifier in COMPARED]
    given = [row for row in differences if row.lower is not None]
    of_groups = {
        (row.measure, row.stratifier, row.stratum): row.value
        for row in there
        if row.statistic == "denominator" and row.value is not None
    }
    gaps = list(_worse(given, of_groups, measures))
    gaps.sort(key=lambda gap: (-gap.fewer, gap.row.measure, gap.row.stratifier, gap.row.stratum or ""))
    return Ranking(gaps, len(given), len(differences) - len(given))


def _worse(
    rows: Iterable[Row], of_groups: Mapping[tuple[str, str, str | None], float], measures: Mapping[str, Measure]
) -> Iterator[Gap]:
    for row in rows:
        measure = measures[row.measure]
        low, high = row.lower, row.upper
        people = of_groups.get((row.measure, row.stratifier, row.stratum))
        if low is None or high is None or people is None:
            continue
        at_least = low if measure.improvement == "decrease" else -high
        if at_least > 0:
            yield Gap(measure, row, at_least, people)
