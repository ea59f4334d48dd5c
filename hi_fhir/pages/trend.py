"""How a measure went from period to period in an area, and where that cannot be told."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hi_fhir.core.days import Period
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pages import wording
from hi_fhir.pages.charts.drawing import LINE, WIDTH, Json, chart, dots, rules, words
from hi_fhir.reports.derived.rows import CHANGE
from hi_fhir.reports.derived.table import Row

_HEIGHT = 200


class TrendPoint(NamedTuple):
    """score: None where there is none, for its reason. change: since the period before; None: there is none before."""

    measure: Measure
    period: Period
    score: Row
    change: Row | None

    @property
    def label(self) -> str:
        return f"to {wording.day(self.period.end)}"

    @property
    def change_told(self) -> str:
        """In points with its interval, or why it is not told."""
        if self.change is None:
            return "first period"
        if self.change.value is None:
            return wording.why(self.change.reason)
        return wording.difference(self.change, self.measure)

    @property
    def is_joined(self) -> bool:
        """Whether it can be compared with the period before."""
        return self.change is not None and self.change.value is not None


def trend(measure: Measure, rows: Iterable[Row]) -> list[TrendPoint]:
    """rows: of an area in all periods. In order of time; of the whole area."""
    scores: dict[Period, Row] = {}
    changes: dict[Period, Row] = {}
    for row in rows:
        if row.stratifier == ALL and row.statistic in ("score", CHANGE):
            (scores if row.statistic == "score" else changes)[Period(row.period_start, row.period_end)] = row
    ordered = sorted(scores, key=lambda period: (period.end, period.start))
    return [TrendPoint(measure, period, scores[period], changes.get(period)) for period in ordered]


def trend_sentence(points: Sequence[TrendPoint]) -> str:
    last = points[-1]
    if last.change is None:
        return "There is no period before to compare with."
    if last.change.value is None:
        return f"No change is told since the period before. {wording.why(last.change.reason)}"
    return f"Since the period before: {last.change_told}, with its 95% interval."


def trend_chart(points: Sequence[TrendPoint], title: str, *, is_ratio: bool) -> bytes:
    """A line joins what can be compared, and breaks where it cannot."""
    labels = [point.label for point in points]
    x: Json = {"field": "period", "type": "ordinal", "sort": labels, "scale": {"domain": labels}, "title": None}
    x["axis"] = {"labelAngle": 0}
    most = max((point.score.upper or 0 for point in points), default=1) if is_ratio else 1
    y: Json = {"type": "quantitative", "title": None, "scale": {"domain": [0, most]}}
    y["axis"] = {"format": ".2f" if is_ratio else ".0%"}
    given: list[Json] = []
    stretch = 0
    for point in points:
        stretch += not point.is_joined
        row = point.score
        if row.value is not None:
            ends = {"lower": row.lower, "upper": row.upper}
            given.append({"period": point.label, "score": row.value, "stretch": stretch, **ends})
    untold = [{"period": point.label} for point in points if point.score.value is None]
    line: Json = {
        "data": {"values": given},
        "mark": {"type": "line", "strokeWidth": 2, "color": LINE},
        "encoding": {"x": x, "y": {"field": "score", **y}, "detail": {"field": "stretch", "type": "nominal"}},
    }
    layers = [
        line,
        rules(given, {"x": x, "y": {"field": "lower", **y}, "y2": {"field": "upper"}}),
        dots(given, {"x": x, "y": {"field": "score", **y}}),
        words(untold, {"x": x, "y": {"value": _HEIGHT - 8}}, "not given"),
    ]
    return chart(title, {"width": WIDTH, "height": _HEIGHT}, layers)
