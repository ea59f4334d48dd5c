"""The pages as routes. They only read; what a reader may not have is answered as what is not there."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request, send_from_directory, url_for
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from hi_fhir.core.errors import NotFoundError
from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pages import charts, wording
from hi_fhir.pages.areas import PageArea
from hi_fhir.pages.gaps import widest
from hi_fhir.pages.reading import OpenShelf, Shelf, chosen_period, period_code, periods_of
from hi_fhir.pages.strata_table import COUNTED, StrataTable, breakdown
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
        blueprint.add_url_rule("/areas/<code>/measures/<id_>/<stratifier>.svg", "chart", self.chart)
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
        with self._shelf.opened(self._reader_of(request)) as shelf:
            area = shelf.area(code)
            measure, table, periods = self._table(shelf, code, id_)
            names = {one.code: one.name for one in shelf.areas()}
        stratifiers = list(dict.fromkeys(row.stratifier for row in table.rows if row.stratum is not None))
        shown = [breakdown(measure, one, table.rows, names) for one in stratifiers]
        whole = next(one for one in shown if one.id == ALL)
        return self._page(
            "measure.html",
            area=area,
            measure=measure,
            whole=whole,
            counted=COUNTED,
            breakdowns=[one for one in shown if one is not whole],
            period=periods[0],
            periods=periods,
        )

    def chart(self, code: str, id_: str, stratifier: str) -> Response:
        with self._shelf.opened(self._reader_of(request)) as shelf:
            area = shelf.area(code)
            shown = self._breakdown(shelf, area, id_, stratifier)
        title = f"{self._shelf.measures[id_].title}, {area.name}"
        return Response(charts.as_svg(charts.specification(shown, title)), content_type="image/svg+xml")

    def csv(self, code: str, id_: str) -> Response:
        with self._shelf.opened(self._reader_of(request)) as shelf:
            shelf.area(code)
            _, table, _ = self._table(shelf, code, id_)
        name = f"{id_}-{code}.csv"
        response = Response(table.to_csv(), content_type="text/csv; charset=utf-8; header=present")
        response.headers.set("Content-Disposition", "attachment", filename=name)
        return response

    def _table(self, shelf: OpenShelf, code: str, id_: str) -> tuple[Measure, StatisticsTable, list[Any]]:
        """Of one measure in the chosen period, which comes first of the periods."""
        reports = [one for one in shelf.reports(code) if one.measure_id == id_]
        if not reports or id_ not in self._shelf.measures:
            raise NotFoundError("nothing is here of such a measure")
        periods = periods_of(reports)
        period = chosen_period(request.args.get("period"), periods)
        return self._shelf.measures[id_], shelf.table(code, period, [id_]), [period, *periods]

    def _breakdown(self, shelf: OpenShelf, area: PageArea, id_: str, stratifier: str) -> StrataTable:
        measure, table, _ = self._table(shelf, area.code, id_)
        if all(row.stratifier != stratifier for row in table.rows):
            raise NotFoundError("the measure has no such breakdown")
        names = {one.code: one.name for one in shelf.areas()}
        return breakdown(measure, stratifier, table.rows, names)

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
