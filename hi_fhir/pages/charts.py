"""Breakdowns as pictures: a dot for each group with its interval, readable without colour, and words where none is."""

from functools import lru_cache
from typing import Any

import orjson

from hi_fhir.pages.strata_table import StrataTable

WIDTH = 460  # pixels of what is plotted, beside labels
_STEP = 26
_INK, _LINE, _GRID = "#212b32", "#005eb8", "#d8dde0"  # of NHS.UK: its blue is dark enough in grey
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # names the language; nothing is fetched


@lru_cache(maxsize=2048)
def as_svg(chart: bytes) -> bytes:
    """chart: as `specification` gives it."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(chart.decode(), allowed_base_urls=[])
    return svg.encode()


@lru_cache(maxsize=256)
def as_png(chart: bytes) -> bytes:
    """Twice as many pixels each way, for paper."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(chart.decode(), scale=2, allowed_base_urls=[])
    return png


def specification(shown: StrataTable, title: str) -> bytes:
    """The chart in Vega-Lite, the same bytes for the same numbers."""
    labels = [line.label for line in shown.lines]
    given = [line for line in shown.lines if line.score is not None]
    most = max((line.upper or 0 for line in given), default=1) if shown.is_ratio else 1
    y = {"field": "group", "type": "nominal", "sort": labels, "scale": {"domain": labels}, "title": None}
    axis = {"format": ".2f" if shown.is_ratio else ".0%"}
    x = {"type": "quantitative", "title": None, "scale": {"domain": [0, most]}, "axis": axis}
    points = [{"group": one.label, "score": one.score, "lower": one.lower, "upper": one.upper} for one in given]
    untold = [{"group": line.label} for line in shown.lines if line.score is None]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": points},
            "mark": {"type": "rule", "strokeWidth": 2, "color": _LINE},
            "encoding": {"y": y, "x": {"field": "lower", **x}, "x2": {"field": "upper"}},
        },
        {
            "data": {"values": points},
            "mark": {"type": "point", "filled": True, "size": 70, "color": _INK, "opacity": 1},
            "encoding": {"y": y, "x": {"field": "score", **x}},
        },
        {
            "data": {"values": untold},
            "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 13, "text": "not given", "color": _INK},
            "encoding": {"y": y, "x": {"value": 0}},
        },
    ]
    return orjson.dumps(
        {
            "$schema": _SCHEMA,
            "title": {"text": title, "anchor": "start", "fontSize": 14, "color": _INK},
            "width": WIDTH,
            "height": {"step": _STEP},
            "background": "white",
            "config": {
                "font": "Arial, sans-serif",
                "axis": {"labelFontSize": 13, "labelLimit": 280, "labelColor": _INK, "gridColor": _GRID},
            },
            "layer": layers,
        }
    )
