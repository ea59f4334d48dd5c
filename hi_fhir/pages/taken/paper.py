"""An area as a paper for a board: contents, gaps, each measure by the main groups, and the sources at the end."""

from datetime import UTC, date, datetime, time
from importlib.resources import files
from typing import Any

import orjson

from hi_fhir.measures.stratifiers import ALL, CORE20, ETHNIC_GROUP_5
from hi_fhir.pages import wording
from hi_fhir.pages.charts.drawing import as_svg
from hi_fhir.pages.gaps import Ranking, widest
from hi_fhir.pages.measure_view import MeasureView
from hi_fhir.pages.strata_table import COUNTED, StrataTable
from hi_fhir.pages.taken.area_taken import MASKED, AreaTaken

BY = (CORE20.id, ETHNIC_GROUP_5.id)
"""Breakdowns that a paper has."""

_TITLE = "Health inequality measures"
_DRAWN = ETHNIC_GROUP_5.id
_SHOWN = ("denominator", "numerator")
_GAPS = 10
Json = dict[str, Any]


def as_pdf(taken: AreaTaken) -> bytes:
    """PDF/UA-1: tagged, with its language. The same bytes for the same rows."""
    import typst

    made = datetime.combine(date.fromisoformat(taken.basis.date), time(12), UTC)
    template = files("hi_fhir.pages.taken").joinpath("paper.typ").read_bytes()
    told = orjson.dumps(_told(taken)).decode()
    pdf: bytes = typst.compile(
        template, sys_inputs={"told": told}, pdf_standards=["ua-1"], timestamp=int(made.timestamp())
    )
    return pdf


def _told(taken: AreaTaken) -> Json:
    ranking = widest(taken.rows, taken.measures)
    views = [_view(taken, id_) for id_ in taken.measure_ids]
    return {
        "title": _TITLE,
        "area": f"{taken.area.name} ({taken.area.code})",
        "period": f"{wording.day(taken.period.start)} to {wording.day(taken.period.end)}",
        "headings": [list(one) for one in taken.headings],
        "masked": MASKED,
        "compared": ranking.told,
        "gaps": _gaps(ranking),
        "shares": [[view.measure.title, _share(view.whole)] for view in views],
        "measures": [_measure(view) for view in views],
        "notes": [*taken.notes, *taken.basis.lists, *taken.basis.unverified] or ["None."],
        "versions": [list(one) for one in taken.basis.versions],
    }


def _view(taken: AreaTaken, id_: str) -> MeasureView:
    rows = [row for row in taken.rows if row.measure == id_]
    return MeasureView(taken.measures[id_], taken.area.name, taken.period, rows, rows, taken.names)


def _gaps(ranking: Ranking) -> list[list[str]]:
    return [[gap.measure.title, gap.label, gap.difference, wording.at_least(gap.fewer)] for gap in ranking.gaps[:_GAPS]]


def _share(table: StrataTable) -> str:
    [line] = table.lines
    return table.line_text(line) if table.has_score else "counts people alone"


def _measure(view: MeasureView) -> Json:
    measure = view.measure
    change = f"{view.trend_told} " if view.whole.has_score else ""
    caveats = " ".join(f"[U] {caveat}" for caveat in measure.caveats)
    parts = [_part(view, view.table(one)) for one in (ALL, *BY) if one in (ALL, *view.stratifiers)]
    return {
        "title": measure.title,
        "description": f"{measure.description} {measure.rule_set}; {measure.reviewed_by}. {caveats}".strip(),
        "change": change,
        "parts": parts,
    }


def _part(view: MeasureView, table: StrataTable) -> Json:
    populations = [one for one in table.populations if one in _SHOWN] or list(table.populations)
    head = ["Group", *(COUNTED[one] for one in populations), *(["Share (95% interval)"] if table.has_score else [])]
    rows = [
        [
            line.label,
            *(line.counts[one].text for one in populations),
            *([table.line_text(line)] if table.has_score else []),
        ]
        for line in table.lines
    ]
    drawn = table.id == _DRAWN and table.has_score
    return {
        "title": table.title,
        "sentence": table.sentence if table.id != ALL and table.has_score else "",
        "chart": as_svg(view.chart(table.id)).decode() if drawn else None,
        "head": head,
        "rows": rows,
    }
