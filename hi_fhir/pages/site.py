"""The pages as routes. They only read; what a reader may not have is answered as what is not there."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request, send_from_directory, url_for
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pages import wording
from hi_fhir.pages.areas import PageArea
from hi_fhir.pages.charts.drawing import as_png, as_svg
from hi_fhir.pages.gaps import widest
from hi_fhir.pages.measure_view import MeasureView
from hi_fhir.pages.reading import Shelf, chosen_period, period_code, periods_of
from hi_fhir.pages.strata_table import COUNTED
from hi_fhir.reports.derived.table import StatisticsTable
from hi_fhir.store.criteria import Reader

ReaderOf = Callable[[Any], Reader]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATIC = Path(__file__).parent / "static"
_SHOWN_GAPS = 10


def make_blueprint(shelf: Shelf, reader_of: ReaderOf) -> Blueprint:
    blueprint = Blueprint("pages", __name__)
    PageViews(shelf, reader_of).add_to(blueprint)
    blueprint.add_url_rule("/static/<path:name>", "static", _static)
    blueprint.after_request(_with_policy)
    return blueprint


class PageViews:
    def __init__(self, shelf: Shelf, reader_of: ReaderOf) -> None:
        self._shelf = shelf
        self._reader_of = reader_of

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/", "start", self.start)
        blueprint.add_url_rule("/areas/<code>", "area", self.area)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>", "measure", self.measure)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>/<name>.<any(svg, png):form>", "chart", self.chart)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>.csv", "csv", self.csv)
        blueprint.register_error_handler(NotFoundError, self._missing)

    def start(self) -> str:
        with self._shelf.opened(self._reader_of(request)) as shelf:
            there = shelf.areas()
        asked = request.args.get("q", "").strip()
        found = [area for area in there if asked.casefold() in f"{area.name} {area.code}".casefold()]
        return self._page("start.html", areas=found, asked=asked, total=len(there))

    def area(self, code: str) -> str:
        with self._shelf.opened(self._reader_of(request)) as shelf:
            area = shelf.area(code)
            reports = shelf.reports(code)
            periods = periods_of(reports)
            period = chosen_period(request.args.get("period"), periods)
            table = shelf.table(code, period)
        measures = self._shelf.measures
        scores = {row.measure: row for row in table.rows if row.statistic == "score" and row.stratifier == ALL}
        return self._page(
            "area.html",
            area=area,
            period=period,
            periods=periods,
            reports=[one for one in reports if (one.period_start, one.period_end) == (period.start, period.end)],
            ranking=widest(table.rows, measures),
            most=_SHOWN_GAPS,
            scores=scores,
            measures=measures,
        )

    def measure(self, code: str, id_: str) -> str:
        view, area, periods = self._measure(code, id_)
        return self._page("measure.html", area=area, view=view, periods=periods, counted=COUNTED)

    def chart(self, code: str, id_: str, name: str, form: str) -> Response:
        view, _, _ = self._measure(code, id_)
        drawn = view.chart(name)
        if form == "png":
            response = Response(as_png(drawn), content_type="image/png")
            response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}-{name}.png")
            return response
        return Response(as_svg(drawn), content_type="image/svg+xml")

    def csv(self, code: str, id_: str) -> Response:
        view, _, _ = self._measure(code, id_)
        response = Response(StatisticsTable(view.now).to_csv(), content_type="text/csv; charset=utf-8; header=present")
        response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}.csv")
        return response

    def _measure(self, code: str, id_: str) -> tuple[MeasureView, PageArea, list[Period]]:
        with self._shelf.opened(self._reader_of(request)) as shelf:
            area = shelf.area(code)
            periods = periods_of([one for one in shelf.reports(code) if one.measure_id == id_])
            period = chosen_period(request.args.get("period"), periods)
            rows = shelf.table(code, None, [id_]).rows
            names = {one.code: one.name for one in shelf.areas()}
        return MeasureView(self._shelf.measures[id_], area.name, period, rows, names), area, periods

    def _missing(self, _error: NotFoundError) -> tuple[str, int]:
        return self._page("missing.html"), 404

    def _page(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(
            values, url_for=url_for, period_code=period_code, say=wording
        )

    @cached_property
    def _templates(self) -> Environment:
        """Everything is escaped, in files of any name: those of the design system end in .jinja."""
        loader = ChoiceLoader([PackageLoader("hi_fhir.pages"), PackageLoader("nhsuk_frontend_jinja")])
        return Environment(
            loader=loader, autoescape=True, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True
        )


def _static(name: str) -> Response:
    if not STATIC.is_dir():
        abort(404)
    return send_from_directory(STATIC, name)


def _with_policy(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    return response
