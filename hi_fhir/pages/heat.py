"""A crossing of two breakdowns as a grid: each cell with its figure, darker where it is higher."""

from collections.abc import Sequence
from typing import NamedTuple

from hi_fhir.measures.stratifiers import Crossing
from hi_fhir.pages import wording
from hi_fhir.pages.charts.drawing import INK, STEP, Json, chart
from hi_fhir.pages.strata_table import Line, StrataTable

_CELL = 84  # pixels across
_DARK = 0.6  # of the way to the darkest: text on it is white


class Grid(NamedTuple):
    """down, across: labels of the strata of both. cells: a row for each of `down`; None: there is no such stratum."""

    titles: tuple[str, str]
    down: Sequence[str]
    across: Sequence[str]
    cells: Sequence[Sequence[Line | None]]


def grid(shown: StrataTable, crossing: Crossing) -> Grid:
    outer, inner = crossing.crossed
    by_stratum = {line.stratum: line for line in shown.lines}
    return Grid(
        (outer.title, inner.title),
        [wording.group_of(outer, one) for one in outer.strata],
        [wording.group_of(inner, one) for one in inner.strata],
        [[by_stratum.get(f"{one}*{other}") for other in inner.strata] for one in outer.strata],
    )


def heat_chart(shown: Grid, table: StrataTable, title: str) -> bytes:
    values: list[Json] = [
        {
            "down": down,
            "across": across,
            "score": line.score if line else None,
            "told": "not given" if line is None or line.score is None else table.score_text(line.score),
        }
        for down, row in zip(shown.down, shown.cells, strict=True)
        for across, line in zip(shown.across, row, strict=True)
    ]
    y = {"field": "down", "type": "nominal", "sort": list(shown.down), "title": None}
    x = {"field": "across", "type": "nominal", "sort": list(shown.across), "title": shown.titles[1]}
    across = {**x, "axis": {"labelAngle": 0, "orient": "top"}}
    most = max((one["score"] for one in values if one["score"] is not None), default=1) if table.is_ratio else 1
    scale = {"domain": [0, most], "range": ["#ffffff", INK], "interpolate": "rgb"}
    colour = {
        "condition": {"test": "datum.score === null", "value": "#ffffff"},
        "field": "score",
        "type": "quantitative",
        "scale": scale,
        "legend": None,
    }
    ink = {"condition": {"test": f"datum.score > {_DARK * most}", "value": "#ffffff"}, "value": INK}
    layers: list[Json] = [
        {
            "data": {"values": values},
            "mark": {"type": "rect", "stroke": INK, "strokeWidth": 0.5},
            "encoding": {"x": across, "y": y, "color": colour},
        },
        {
            "data": {"values": values},
            "mark": {"type": "text", "fontSize": 12},
            "encoding": {"x": across, "y": y, "text": {"field": "told"}, "color": ink},
        },
    ]
    return chart(title, {"width": {"step": _CELL}, "height": {"step": STEP}}, layers)
