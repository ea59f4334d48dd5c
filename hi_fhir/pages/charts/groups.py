"""A breakdown as a picture: a dot for each group with its interval, and words where there is none."""

from hi_fhir.pages.charts.drawing import STEP, WIDTH, chart, dots, rules, words
from hi_fhir.pages.strata_table import StrataTable


def groups_chart(shown: StrataTable, title: str) -> bytes:
    labels = [line.label for line in shown.lines]
    given = [line for line in shown.lines if line.score is not None]
    most = max((line.upper or 0 for line in given), default=1) if shown.is_ratio else 1
    y = {"field": "group", "type": "nominal", "sort": labels, "scale": {"domain": labels}, "title": None}
    axis = {"format": ".2f" if shown.is_ratio else ".0%"}
    x = {"type": "quantitative", "title": None, "scale": {"domain": [0, most]}, "axis": axis}
    points = [{"group": one.label, "score": one.score, "lower": one.lower, "upper": one.upper} for one in given]
    untold = [{"group": line.label} for line in shown.lines if line.score is None]
    layers = [
        rules(points, {"y": y, "x": {"field": "lower", **x}, "x2": {"field": "upper"}}),
        dots(points, {"y": y, "x": {"field": "score", **x}}),
        words(untold, {"y": y, "x": {"value": 0}}, "not given"),
    ]
    return chart(title, {"width": WIDTH, "height": {"step": STEP}}, layers)
