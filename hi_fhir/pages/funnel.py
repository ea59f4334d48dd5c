"""Practices of an area by their size, and the limits within which nearly all would be, were they all alike."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hi_fhir.measures.stratifiers import ALL, PRACTICE
from hi_fhir.pages.charts.drawing import GRID, INK, WIDTH, Json, chart, dots
from hi_fhir.pages.strata_table import StrataTable
from hi_fhir.reports.derived.rows import FUNNEL_95, FUNNEL_998
from hi_fhir.reports.derived.table import Row

_HEIGHT = 260


class FunnelPoint(NamedTuple):
    """inner, outer: both ends within which 95 of 100, and 998 of 1,000 practices of this size would be."""

    label: str
    people: float
    score: float
    inner: tuple[float, float]
    outer: tuple[float, float]

    @property
    def is_outside(self) -> bool:
        low, high = self.outer
        return not low <= self.score <= high


class Funnel(NamedTuple):
    """whole: the area's own score. untold: how many practices are not in it."""

    points: Sequence[FunnelPoint]
    whole: float
    untold: int

    @property
    def sentence(self) -> str:
        outside = [point for point in self.points if point.is_outside]
        names = ", ".join(point.label for point in outside)
        told = f"Further apart than chance would put 998 of 1,000: {names}." if outside else "None of them is further "
        told += "" if outside else "from the whole than chance would put 998 of 1,000."
        untold = f" {self.untold} more have no figure." if self.untold else ""
        return f"{len(self.points)} practices. {told}{untold}"


def funnel(shown: StrataTable, rows: Iterable[Row]) -> Funnel | None:
    """shown: by practice. rows: of the same report. None: there are no limits to show."""
    there = list(rows)
    limits = {
        (row.statistic, row.stratum): (row.lower, row.upper)
        for row in there
        if row.stratifier == PRACTICE and row.statistic in (FUNNEL_95, FUNNEL_998) and row.lower is not None
    }
    whole = next((row.value for row in there if row.statistic == "score" and row.stratifier == ALL), None)
    points = []
    for line in shown.lines:
        inner, outer = limits.get((FUNNEL_95, line.stratum)), limits.get((FUNNEL_998, line.stratum))
        people = line.counts["denominator"].value if "denominator" in line.counts else None
        if line.score is not None and people is not None and inner and outer:
            points.append(FunnelPoint(line.label, people, line.score, _both(inner), _both(outer)))
    if whole is None or not points:
        return None
    return Funnel(sorted(points, key=lambda point: (point.people, point.label)), whole, len(shown.lines) - len(points))


def funnel_chart(shown: Funnel, title: str, *, is_ratio: bool) -> bytes:
    values: list[Json] = [
        {
            "label": point.label,
            "people": point.people,
            "score": point.score,
            "inner_low": point.inner[0],
            "inner_high": point.inner[1],
            "outer_low": point.outer[0],
            "outer_high": point.outer[1],
        }
        for point in shown.points
    ]
    x = {"field": "people", "type": "quantitative", "title": "People", "scale": {"zero": True}}
    y = {"type": "quantitative", "title": None, "axis": {"format": ".2f" if is_ratio else ".0%"}}
    layers = [
        *(_limit(values, x, y, end, [6, 3]) for end in ("outer_low", "outer_high")),
        *(_limit(values, x, y, end, [2, 2]) for end in ("inner_low", "inner_high")),
        {
            "data": {"values": [{"whole": shown.whole}]},
            "mark": {"type": "rule", "color": GRID, "strokeWidth": 2},
            "encoding": {"y": {"field": "whole", **y}},
        },
        dots(values, {"x": x, "y": {"field": "score", **y}}),
    ]
    return chart(title, {"width": WIDTH, "height": _HEIGHT}, layers)


def _limit(values: list[Json], x: Json, y: Json, end: str, dash: list[int]) -> Json:
    mark = {"type": "line", "color": INK, "strokeDash": dash, "strokeWidth": 1, "interpolate": "monotone"}
    return {"data": {"values": values}, "mark": mark, "encoding": {"x": x, "y": {"field": end, **y}}}


def _both(ends: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = ends
    return low or 0.0, 1.0 if high is None else high
