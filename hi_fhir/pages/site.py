"""The pages as routes. They only read; what a reader may not have is answered as what is not there."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, request, send_from_directory

from hi_fhir.core.days import Period
from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.gzipped import gzipped
from hi_fhir.core.roles import Role
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.fhir.rest.headers import accepts_gzip
from hi_fhir.measures.render.description import describe
from hi_fhir.measures.stratifiers import AGE_BAND, ALL, CORE20, ETHNIC_GROUP_5, IMD_QUINTILE, SEX
from hi_fhir.pages.about import data_basis, own_table
from hi_fhir.pages.areas import PageArea
from hi_fhir.pages.beside_lists import beside_lists, imported_lists
from hi_fhir.pages.charts.drawing import as_png, as_svg
from hi_fhir.pages.completeness import RULE_SETS, field_table, least_recorded
from hi_fhir.pages.data_history import data_history
from hi_fhir.pages.door import Door
from hi_fhir.pages.gaps import COMPARED, widest
from hi_fhir.pages.log_in import LogInViews
from hi_fhir.pages.measure_view import MeasureView
from hi_fhir.pages.movements import movements
from hi_fhir.pages.population import PEOPLE, counts_everybody, people_chart, people_sentence, plus_groups
from hi_fhir.pages.reading import OpenShelf, Shelf, WithdrawnError, of_period, periods_of
from hi_fhir.pages.rendering import Rendering, Values
from hi_fhir.pages.service_state import DAYS, service_state
from hi_fhir.pages.shortfalls import shortfalls
from hi_fhir.pages.strata_table import COUNTED, StrataTable, breakdown
from hi_fhir.pages.taken.forms import FORMS
from hi_fhir.reports.concepts import AREAS
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
    """An area in a period. reports: those of the period. ever: those of all periods. withdrawn: of any period."""

    area: PageArea
    period: Period
    periods: Sequence[Period]
    reports: Sequence[CurrentReport]
    ever: Sequence[CurrentReport]
    withdrawn: Sequence[WithdrawnReport]


class PeopleView(NamedTuple):
    """Who is registered, by each breakdown. report: which tells it."""

    shown: AreaView
    tables: Sequence[StrataTable]
    report: CurrentReport


class PageViews:
    def __init__(self, shelf: Shelf, reader_of: ReaderOf, door: Door | None = None) -> None:
        self._shelf = shelf
        self._reader_of = reader_of
        self._door = door
        self._rendering = Rendering(shelf, door)

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
            LogInViews(self._door, self._rendering.page).add_to(blueprint)
            blueprint.add_url_rule("/service", "service", self.service)
        blueprint.register_error_handler(WithdrawnError, self._gone)
        blueprint.register_error_handler(NotFoundError, self._missing)

    def start(self) -> str:
        with self._opened() as shelf:
            there = shelf.areas()
        asked = request.args.get("q", "").strip()
        found = [area for area in there if asked.casefold() in f"{area.name} {area.code}".casefold()]
        kinds: dict[str, list[PageArea]] = {}
        for one in found:  # in order: boards, networks, practices
            kinds.setdefault(one.kind_name, []).append(one)
        return self._rendering.page("start.html", areas=found, kinds=kinds, asked=asked, total=len(there))

    def area(self, code: str) -> str:
        with self._opened() as shelf:
            shown = self._area(shelf, code)
            return self._rendering.kept_page("area.html", shown, lambda: self._home(shelf, shown))

    def _home(self, shelf: OpenShelf, shown: AreaView) -> Values:
        rows = shelf.table(shown.area.code, shown.period, stratifiers=COMPARED).rows
        heads, measures = shelf.heads(shown.reports), self._shelf.measures
        return {
            "shown": shown,
            "date": max(head.date for head in heads.values()),
            "ranking": widest(rows, measures),
            "moved": movements(rows, measures),
            "short": shortfalls(heads, measures),
            "recorded": least_recorded(rows, measures),
            "most": _SHOWN,
            "scores": {row.measure: row for row in rows if row.statistic == "score" and row.stratifier == ALL},
            "measures": measures,
        }

    def completeness(self, code: str) -> str:
        by = request.args.get("by", _BY[0].id)
        with self._opened() as shelf:
            shown, names = self._area(shelf, code), shelf.names()
            breakdowns = self._breakdowns(shelf, shown)
            if by not in breakdowns:
                raise NotFoundError("there is no such breakdown")

            def values() -> Values:
                rows = shelf.table(code, shown.period, stratifiers=[by], with_changes=False).rows
                fields = field_table(rows, self._shelf.measures, by, names)
                return {"shown": shown, "fields": fields, "by": by, "breakdowns": breakdowns}

            return self._rendering.kept_page("completeness.html", (by, shown, _hashable(names)), values)

    def _breakdowns(self, shelf: OpenShelf, shown: AreaView) -> dict[str, str]:
        """Titles of the breakdowns that the area's reports have, by id: no practice has one by practice."""
        of_fields = [one for one in shown.reports if self._shelf.measures[one.measure_id].rule_set in RULE_SETS]
        there = stratifiers_of(shelf.session, of_fields[0].id) if of_fields else frozenset(one.id for one in _BY)
        titles = {one.id: one.title for one in _BY} | AREAS
        return {id_: title for id_, title in titles.items() if id_ in there}

    def population(self, code: str) -> str:
        with self._opened() as shelf:
            shown, names = self._area(shelf, code), shelf.names()
            lists, rule = imported_lists(self._shelf.imports), POLICIES[shelf.reader.audience].own

            def values() -> Values:
                people = self._people(shelf, shown, names)
                head = shelf.heads([people.report])[people.report.measure_id]
                told = [(table, people_sentence(table)) for table in people.tables]
                beside = beside_lists(people.tables, head, lists, rule) if lists else None
                plus = plus_groups(self._shelf.measures[people.report.measure_id])
                return {"shown": shown, "tables": told, "plus": plus, "people": PEOPLE, "beside": beside}

            of = (shown, shelf.reader.audience, lists and lists.version, _hashable(names))
            return self._rendering.kept_page("population.html", of, values)

    def people_picture(self, code: str, stratifier: str) -> Response:
        with self._opened() as shelf:
            people = self._people(shelf, self._area(shelf, code), shelf.names())
        for table in people.tables:
            if table.id == stratifier:
                title = f"Registered people, {people.shown.area.name}: {table.title}"
                return Response(as_svg(people_chart(table, title)), content_type="image/svg+xml")
        raise NotFoundError("there is no such picture")

    def about(self, code: str) -> str:
        with self._opened() as shelf:
            shown, audience = self._area(shelf, code), shelf.reader.audience
            history = data_history(shelf.session, shelf.reader, code, shown.reports)
            own = shelf.own_records(code, shown.period, history.given)

            def values() -> Values:
                basis, records = data_basis([*shelf.heads(shown.reports).values()]), [own_table(one) for one in own]
                return {"shown": shown, "basis": basis, "history": history, "audience": audience, "own": records}

            return self._rendering.kept_page("about.html", (shown, history, audience, own), values)

    def taken(self, code: str, form: str) -> Response:
        with self._opened() as shelf:
            taken = shelf.taken(code, request.args.get("period"))
        response = Response(FORMS[form].make(taken), content_type=FORMS[form].content_type)
        response.headers.set("Content-Disposition", "attachment", filename=f"{taken.file_name}.{form}")
        return response

    def service(self) -> str:
        """To who runs the service alone."""
        person = self._door.person() if self._door else None
        if self._door is None or person is None or person.role != Role.OPERATOR:
            raise NotFoundError("only an operator sees this")
        with self._shelf.store.read() as session:
            state = service_state(session, self._door.clock.now())
        return self._rendering.page("service.html", state=state, days=DAYS)

    def definition(self, id_: str) -> str:
        with self._opened() as shelf:
            if not shelf.has_measure(id_):
                raise NotFoundError("nothing is here of such a measure")
        return self._rendering.page(
            "definition.html", told=describe(self._shelf.measures[id_], self._shelf.terminology)
        )

    def _people(self, shelf: OpenShelf, shown: AreaView, names: Mapping[str, str]) -> PeopleView:
        id_ = counts_everybody(self._shelf.measures, {one.measure_id for one in shown.reports})
        rows = shelf.table(shown.area.code, shown.period, [id_], with_changes=False).rows
        there = dict.fromkeys(row.stratifier for row in rows if row.statistic == PEOPLE and "*" not in row.stratifier)
        tables = [breakdown(self._shelf.measures[id_], one, rows, names) for one in there]
        return PeopleView(shown, tables, next(one for one in shown.reports if one.measure_id == id_))

    def _opened(self) -> AbstractContextManager[OpenShelf]:
        return self._shelf.opened(self._reader_of(request))

    def _area(self, shelf: OpenShelf, code: str) -> AreaView:
        area, reports = shelf.area(code), shelf.reports(code)
        return self._shown(shelf, area, reports, shelf.withdrawn(code))

    def _shown(
        self,
        shelf: OpenShelf,
        area: PageArea,
        reports: Sequence[CurrentReport],
        withdrawn: Sequence[WithdrawnReport],
    ) -> AreaView:
        periods = periods_of(reports)
        period = shelf.period(request.args.get("period"), periods, withdrawn)
        return AreaView(area, period, periods, of_period(reports, period), tuple(reports), withdrawn)

    def measure(self, code: str, id_: str) -> str:
        with self._opened() as shelf:
            shown, names = self._of_measure(shelf, code, id_), shelf.names()

            def values() -> Values:
                return {"shown": shown, "view": self._view(shelf, shown, id_, names), "counted": COUNTED}

            return self._rendering.kept_page("measure.html", (id_, shown, _hashable(names)), values)

    def chart(self, code: str, id_: str, name: str, form: str) -> Response:
        with self._opened() as shelf:
            shown = self._of_measure(shelf, code, id_)
            drawn = self._view(shelf, shown, id_, shelf.names()).chart(name)
        if form == "png":
            response = Response(as_png(drawn), content_type="image/png")
            response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}-{name}.png")
            return response
        return Response(as_svg(drawn), content_type="image/svg+xml")

    def csv(self, code: str, id_: str) -> Response:
        with self._opened() as shelf:
            table = shelf.table(code, self._of_measure(shelf, code, id_).period, [id_])
        response = Response(table.to_csv(), content_type="text/csv; charset=utf-8; header=present")
        response.headers.set("Content-Disposition", "attachment", filename=f"{id_}-{code}.csv")
        return response

    def _of_measure(self, shelf: OpenShelf, code: str, id_: str) -> AreaView:
        """An area with its reports on one measure alone."""
        area, reports = shelf.area(code), [one for one in shelf.reports(code) if one.measure_id == id_]
        return self._shown(shelf, area, reports, shelf.withdrawn(code, id_))

    def _view(self, shelf: OpenShelf, shown: AreaView, id_: str, names: Mapping[str, str]) -> MeasureView:
        """Changes are told of everybody alone."""
        code = shown.area.code
        now = shelf.table(code, shown.period, [id_], with_changes=False).rows
        ever = shelf.table(code, None, [id_], [ALL]).rows if len(shown.periods) > 1 else now
        return MeasureView(self._shelf.measures[id_], shown.area.name, shown.period, now, ever, names)

    def _gone(self, error: WithdrawnError) -> tuple[str, int]:
        return self._rendering.page("withdrawn.html", withdrawn=error.reports), 410

    def _missing(self, _error: NotFoundError) -> tuple[str, int]:
        return self.problem(404, ""), 404

    def problem(self, status: int, detail: str) -> str:
        """What is said in place of a page. What cannot be found is said in the same words, whether or not it is there.

        Of a fault of ours nobody's name is told, which the store may not be there to give.
        """
        if status == 404:
            return self._rendering.page("missing.html")
        nobody = {"person": None} if status >= 500 else {}
        return self._rendering.page("problem.html", title=HTTPStatus(status).phrase, detail=detail, **nobody)


def _hashable(names: Mapping[str, str]) -> Hashable:
    return tuple(names.items())


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
