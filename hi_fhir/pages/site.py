"""The pages as routes. They only read; what a reader may not have is answered as what is not there."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, request, send_from_directory, url_for
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.gzipped import gzipped
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.fhir.rest.headers import accepts_gzip
from hi_fhir.measures.render.description import describe
from hi_fhir.measures.stratifiers import AGE_BAND, ALL, CORE20, ETHNIC_GROUP_5, IMD_QUINTILE, SEX
from hi_fhir.pages import wording
from hi_fhir.pages.about import data_basis
from hi_fhir.pages.areas import PageArea
from hi_fhir.pages.beside_lists import beside_lists, imported_lists
from hi_fhir.pages.charts.drawing import as_png, as_svg
from hi_fhir.pages.completeness import RULE_SETS, field_table, least_recorded
from hi_fhir.pages.data_history import data_history
from hi_fhir.pages.door import Door, own_form_token
from hi_fhir.pages.gaps import COMPARED, widest
from hi_fhir.pages.log_in import LogInViews
from hi_fhir.pages.measure_view import MeasureView
from hi_fhir.pages.movements import movements
from hi_fhir.pages.population import PEOPLE, counts_everybody, people_chart, people_sentence
from hi_fhir.pages.reading import OpenShelf, Shelf, WithdrawnError, of_period, period_code, periods_of
from hi_fhir.pages.shortfalls import shortfalls
from hi_fhir.pages.strata_table import COUNTED, StrataTable, breakdown
from hi_fhir.pages.taken.forms import FORMS
from hi_fhir.reports.concepts import AREAS
from hi_fhir.reports.derived.table import Row, StatisticsTable
from hi_fhir.store.cells import stratifiers_of
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import CurrentReport, WithdrawnReport

ReaderOf = Callable[[Any], Reader]

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATIC = Path(__file__).parent / "static"
_SHOWN = 10
_TEXTS = ("text/html", "text/css", "text/csv", "image/svg+xml")
_BY = (ETHNIC_GROUP_5, CORE20, IMD_QUINTILE, AGE_BAND, SEX)


class Site(Blueprint):
    """The pages, and what stands in place of one. views: of the pages."""

    def __init__(self, views: "PageViews", door: Door | None) -> None:
        super().__init__("pages", __name__)
        self.views = views
        self.door = door
        views.add_to(self)
        self.add_url_rule("/static/<path:name>", "static", _static)
        self.after_request(_with_policy)
        if door is not None:
            door.guard(self)
            self.record_once(lambda state: door.set_up(state.app))

    def problem(self, status: int, detail: str) -> Response:
        """The page that says to a person what is wrong, when no page of ours was asked for or none could be made."""
        response = Response(self.views.problem(status, detail), status)
        return _with_policy(response)


def make_site(shelf: Shelf, reader_of: ReaderOf) -> Site:
    """For one reader, or for whoever a request is from; nobody logs in."""
    return Site(PageViews(shelf, reader_of), None)


def make_site_with_door(shelf: Shelf, reader_of: ReaderOf, door: Door) -> Site:
    """For whoever logs in. reader_of: by whom the door says that a request is."""
    return Site(PageViews(shelf, reader_of, door), door)


class AreaView(NamedTuple):
    """An area in a period. reports: those of the period. withdrawn: reports of any period."""

    area: PageArea
    period: Period
    periods: Sequence[Period]
    reports: Sequence[CurrentReport]
    withdrawn: Sequence[WithdrawnReport]


class PeopleView(NamedTuple):
    """Who is registered, by each breakdown. report: which tells it."""

    shown: AreaView
    tables: Sequence[StrataTable]
    report: CurrentReport


class MeasureShown(NamedTuple):
    """A measure in an area. periods: that there are. withdrawn: its reports of any period."""

    view: MeasureView
    area: PageArea
    periods: Sequence[Period]
    withdrawn: Sequence[WithdrawnReport]


class PageViews:
    def __init__(self, shelf: Shelf, reader_of: ReaderOf, door: Door | None = None) -> None:
        self._shelf = shelf
        self._reader_of = reader_of
        self._door = door

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/", "start", self.start)
        blueprint.add_url_rule("/areas/<code>", "area", self.area)
        blueprint.add_url_rule("/areas/<code>/completeness", "completeness", self.completeness)
        blueprint.add_url_rule("/areas/<code>/population", "population", self.population)
        blueprint.add_url_rule("/areas/<code>/population/<stratifier>.svg", "people_picture", self.people_picture)
        blueprint.add_url_rule("/areas/<code>/about", "about", self.about)
        blueprint.add_url_rule(f"/areas/<code>/figures.<any({', '.join(FORMS)}):form>", "taken", self.taken)
        blueprint.add_url_rule("/measures/<id_>", "definition", self.definition)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>", "measure", self.measure)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>/<name>.<any(svg, png):form>", "chart", self.chart)
        blueprint.add_url_rule("/areas/<code>/measures/<id_>.csv", "csv", self.csv)
        if self._door is not None:
            LogInViews(self._door, self._page).add_to(blueprint)
        blueprint.register_error_handler(WithdrawnError, self._gone)
        blueprint.register_error_handler(NotFoundError, self._missing)

    def start(self) -> str:
        with self._opened() as shelf:
            there = shelf.areas()
        asked = request.args.get("q", "").strip()
        found = [area for area in there if asked.casefold() in f"{area.name} {area.code}".casefold()]
        return self._page("start.html", areas=found, asked=asked, total=len(there))

    def area(self, code: str) -> str:
        with self._opened() as shelf:
            shown = self._area(shelf, code)
            rows = shelf.table(code, shown.period, stratifiers=COMPARED).rows
            heads = shelf.heads(shown.reports)
        measures = self._shelf.measures
        return self._page(
            "area.html",
            shown=shown,
            date=max(head.date for head in heads.values()),
            ranking=widest(rows, measures),
            moved=movements(rows, measures),
            short=shortfalls(heads, measures),
            recorded=least_recorded(rows, measures),
            most=_SHOWN,
            scores={row.measure: row for row in rows if row.statistic == "score" and row.stratifier == ALL},
            measures=measures,
        )

    def completeness(self, code: str) -> str:
        by = request.args.get("by", _BY[0].id)
        with self._opened() as shelf:
            shown = self._area(shelf, code)
            breakdowns = self._breakdowns(shelf, shown)
            if by not in breakdowns:
                raise NotFoundError("there is no such breakdown")
            rows = shelf.table(code, shown.period, stratifiers=[by]).rows
            fields = field_table(rows, self._shelf.measures, by, _names(shelf, rows))
        return self._page("completeness.html", shown=shown, fields=fields, by=by, breakdowns=breakdowns)

    def _breakdowns(self, shelf: OpenShelf, shown: AreaView) -> dict[str, str]:
        """Titles of the breakdowns that the area's reports have, by id: no practice has one by practice."""
        of_fields = [one for one in shown.reports if self._shelf.measures[one.measure_id].rule_set in RULE_SETS]
        there = stratifiers_of(shelf.session, of_fields[0].id) if of_fields else frozenset(one.id for one in _BY)
        titles = {one.id: one.title for one in _BY} | AREAS
        return {id_: title for id_, title in titles.items() if id_ in there}

    def population(self, code: str) -> str:
        with self._opened() as shelf:
            people = self._people(shelf, code)
            head = shelf.heads([people.report])[people.report.measure_id]
        told = [(table, people_sentence(table)) for table in people.tables]
        lists, rule = imported_lists(self._shelf.imports), POLICIES[shelf.reader.audience].own
        beside = beside_lists(people.tables, head, lists, rule) if lists else None
        return self._page("population.html", shown=people.shown, tables=told, people=PEOPLE, beside=beside)

    def people_picture(self, code: str, stratifier: str) -> Response:
        with self._opened() as shelf:
            people = self._people(shelf, code)
        for table in people.tables:
            if table.id == stratifier:
                title = f"Registered people, {people.shown.area.name}: {table.title}"
                return Response(as_svg(people_chart(table, title)), content_type="image/svg+xml")
        raise NotFoundError("there is no such picture")

    def about(self, code: str) -> str:
        with self._opened() as shelf:
            shown = self._area(shelf, code)
            basis = data_basis([*shelf.heads(shown.reports).values()])
            history = data_history(shelf.session, shelf.reader, code, shown.reports)
        return self._page("about.html", shown=shown, basis=basis, history=history, audience=shelf.reader.audience)

    def taken(self, code: str, form: str) -> Response:
        with self._opened() as shelf:
            taken = shelf.taken(code, request.args.get("period"))
        response = Response(FORMS[form].make(taken), content_type=FORMS[form].content_type)
        response.headers.set("Content-Disposition", "attachment", filename=f"{taken.file_name}.{form}")
        return response

    def definition(self, id_: str) -> str:
        with self._opened() as shelf:
            if not shelf.has_measure(id_):
                raise NotFoundError("nothing is here of such a measure")
        return self._page("definition.html", told=describe(self._shelf.measures[id_], self._shelf.terminology))

    def _people(self, shelf: OpenShelf, code: str) -> PeopleView:
        shown = self._area(shelf, code)
        id_ = counts_everybody(self._shelf.measures, {one.measure_id for one in shown.reports})
        rows = shelf.table(code, shown.period, [id_]).rows
        names = _names(shelf, rows)
        there = dict.fromkeys(row.stratifier for row in rows if row.statistic == PEOPLE and "*" not in row.stratifier)
        tables = [breakdown(self._shelf.measures[id_], one, rows, names) for one in there]
        return PeopleView(shown, tables, next(one for one in shown.reports if one.measure_id == id_))

    def _opened(self) -> AbstractContextManager[OpenShelf]:
        return self._shelf.opened(self._reader_of(request))

    def _area(self, shelf: OpenShelf, code: str) -> AreaView:
        area, reports = shelf.area(code), shelf.reports(code)
        periods = periods_of(reports)
        withdrawn = shelf.withdrawn(code)
        period = shelf.period(request.args.get("period"), periods, withdrawn)
        return AreaView(area, period, periods, of_period(reports, period), withdrawn)

    def measure(self, code: str, id_: str) -> str:
        return self._page("measure.html", **self._measure(code, id_)._asdict(), counted=COUNTED)

    def chart(self, code: str, id_: str, name: str, form: str) -> Response:
        drawn = self._measure(code, id_).view.chart(name)
        if form == "png":
            response = Response(as_png(drawn), content_type="image/png")
            response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}-{name}.png")
            return response
        return Response(as_svg(drawn), content_type="image/svg+xml")

    def csv(self, code: str, id_: str) -> Response:
        view = self._measure(code, id_).view
        response = Response(StatisticsTable(view.now).to_csv(), content_type="text/csv; charset=utf-8; header=present")
        response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}.csv")
        return response

    def _measure(self, code: str, id_: str) -> MeasureShown:
        with self._opened() as shelf:
            area, withdrawn = shelf.area(code), shelf.withdrawn(code, id_)
            periods = periods_of([one for one in shelf.reports(code) if one.measure_id == id_])
            period = shelf.period(request.args.get("period"), periods, withdrawn)
            now = shelf.table(code, period, [id_]).rows
            whole = shelf.table(code, None, [id_], [ALL]).rows if len(periods) > 1 else now
            view = MeasureView(self._shelf.measures[id_], area.name, period, now, whole, _names(shelf, now))
        return MeasureShown(view, area, periods, withdrawn)

    def _gone(self, error: WithdrawnError) -> tuple[str, int]:
        return self._page("withdrawn.html", withdrawn=error.reports), 410

    def _missing(self, _error: NotFoundError) -> tuple[str, int]:
        return self.problem(404, ""), 404

    def problem(self, status: int, detail: str) -> str:
        """What is said in place of a page. What cannot be found is said in the same words, whether or not it is there.

        Of a fault of ours nobody's name is told, which the store may not be there to give.
        """
        if status == 404:
            return self._page("missing.html")
        nobody = {"person": None} if status >= 500 else {}
        return self._page("problem.html", title=HTTPStatus(status).phrase, detail=detail, **nobody)

    def _page(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(
            {"person": self._door.person() if self._door and "person" not in values else None, **values},
            url_for=url_for,
            own_form_token=own_form_token,
            period_code=period_code,
            say=wording,
            title_of=self._title,
            here=(request.endpoint or "").rpartition(".")[2],
        )

    def _title(self, id_: str) -> str:
        return self._shelf.measures[id_].title if id_ in self._shelf.measures else id_

    @cached_property
    def _templates(self) -> Environment:
        """Everything is escaped, in files of any name: those of the design system end in .jinja."""
        loader = ChoiceLoader([PackageLoader("hi_fhir.pages"), PackageLoader("nhsuk_frontend_jinja")])
        return Environment(
            loader=loader,
            autoescape=True,
            undefined=ChainableUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )


def _names(shelf: OpenShelf, rows: Iterable[Row]) -> dict[str, str]:
    """Of organisations, by ODS code, where some of the rows are by these."""
    return shelf.names() if any(row.stratifier in AREAS for row in rows) else {}


def _static(name: str) -> Response:
    if not STATIC.is_dir():
        abort(404)
    return send_from_directory(STATIC, name)


def _with_policy(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    if (
        response.mimetype in _TEXTS
        and response.status_code == 200
        and accepts_gzip(request.headers.get("Accept-Encoding", ""))
    ):
        response.direct_passthrough = False
        response.set_data(gzipped(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
    return response
