"""Charts in Vega-Lite as pictures, all in one hand: dark on white, told apart without colour."""

from functools import lru_cache
from typing import Any

import orjson

Json = dict[str, Any]

WIDTH = 460  # pixels of what is plotted, beside labels
STEP = 26  # pixels from one group to the next
INK, LINE, GRID = "#212b32", "#005eb8", "#d8dde0"  # of NHS.UK: its blue is dark enough in grey
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # names the language; nothing is fetched
_CONFIG = {
    "font": "Arial, sans-serif",
    "axis": {"labelFontSize": 13, "titleFontSize": 13, "labelLimit": 280, "labelColor": INK, "gridColor": GRID},
    "legend": {"labelFontSize": 13, "titleFontSize": 13},
}


def chart(title: str, size: Json, layers: list[Json]) -> bytes:
    """The same bytes for the same numbers. size: width and height, as Vega-Lite has them."""
    heading = {"text": title, "anchor": "start", "fontSize": 14, "color": INK}
    body = {"title": heading, "background": "white", "config": _CONFIG, "layer": layers}
    return orjson.dumps({"$schema": _SCHEMA, **size, **body})


@lru_cache(maxsize=2048)
def as_svg(drawn: bytes) -> bytes:
    """drawn: as `chart` gives it."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(drawn.decode(), allowed_base_urls=[])
    return svg.encode()


@lru_cache(maxsize=256)
def as_png(drawn: bytes) -> bytes:
    """Twice as many pixels each way, for paper."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(drawn.decode(), scale=2, allowed_base_urls=[])
    return png


def words(values: list[Json], encoding: Json, text: str) -> Json:
    """A layer that says the same at each of the values."""
    mark = {"type": "text", "align": "left", "dx": 4, "fontSize": 13, "text": text, "color": INK}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def rules(values: list[Json], encoding: Json) -> Json:
    """A layer of lines between two ends."""
    return {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeWidth": 2, "color": LINE},
        "encoding": encoding,
    }


def dots(values: list[Json], encoding: Json) -> Json:
    mark = {"type": "point", "filled": True, "size": 70, "color": INK, "opacity": 1}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}
