"""The sandbox's HTTP surface: FHIR REST under /fhir, each error an OperationOutcome, each answer dated by the data."""

import logging
from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from hi_fhir.fhir.rest.bundles import link, searchset
from hi_fhir.fhir.rest.capability import Service, capability_statement
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.headers import CONTENT_TYPE, check_acceptable, etag, http_date
from hi_fhir.fhir.rest.outcomes import FhirError, outcome_for
from hi_fhir.fhir.rest.search import MAX_COUNT, Search, is_lenient, parse_search
from hi_fhir.sandbox.memory import SORTABLE, Memory, Stored
from hi_fhir.sandbox.misbehaviour import Misbehaviour
from hi_fhir.sandbox.paging import Found, Searches, page_link, page_links

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sandbox:
    """What requests are answered from. `at`: the instant that it is here."""

    memory: Memory
    searches: Searches
    misbehaviour: Misbehaviour
    at: datetime


def make_app(sandbox: Sandbox) -> Flask:
    app = Flask("hi_fhir.sandbox", static_folder=None)
    app.url_map.strict_slashes = False
    reading = Reading(sandbox)
    app.add_url_rule("/fhir/metadata", view_func=reading.metadata)
    app.add_url_rule("/fhir", view_func=reading.page)
    app.add_url_rule("/fhir/<type_>", view_func=reading.search)
    app.add_url_rule("/fhir/<type_>/_search", view_func=reading.search_by_post, methods=["POST"])
    app.add_url_rule("/fhir/<type_>/<id_>", view_func=reading.read)
    app.register_error_handler(FhirError, _told)
    app.register_error_handler(HTTPException, _told_of_http)
    app.register_error_handler(Exception, _told_of_our_fault)

    @app.before_request
    def before() -> Response | None:
        check_acceptable(request.headers.get("Accept", ""), request.args.get("_format"))
        return sandbox.misbehaviour.instead()

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["Date"] = http_date(sandbox.at)
        return sandbox.misbehaviour.cut(response)

    return app


class Reading:
    """The views that change nothing."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def metadata(self) -> Response:
        service = Service(
            title="hi_fhir sandbox: synthetic people on loopback",
            url=base_url(request),
            date=self._sandbox.at.date(),
            resources=PARAMETERS,
        )
        return fhir(orjson.dumps(capability_statement(service)))

    def read(self, type_: str, id_: str) -> Response:
        return versioned(self._sandbox.memory.read(type_, id_))

    def search(self, type_: str) -> Response:
        return self._answer(type_, [*request.args.items(multi=True)])

    def search_by_post(self, type_: str) -> Response:
        return self._answer(type_, [*request.args.items(multi=True), *request.form.items(multi=True)])

    def page(self) -> Response:
        """The answer to a next link."""
        offset, count = (request.args.get(name, "0") for name in ("_getpagesoffset", "_count"))
        if "_getpages" not in request.args or not (offset.isdecimal() and count.isdecimal()):
            raise FhirError(400, "a search over all types is not served; next links are followed as they are.")
        found = self._sandbox.searches.recall(request.args["_getpages"])
        size = min(int(count), MAX_COUNT)
        own = page_link(base_url(request), found.token, int(offset), size)
        return self._page(found, own, int(offset), size)

    def _answer(self, type_: str, pairs: list[tuple[str, str]]) -> Response:
        search = self._sandbox.misbehaviour.search(self._parse(type_, pairs))
        found = self._sandbox.searches.run(search)
        own = link(base_url(request), type_, search.pairs)
        total = len(found.hits) if search.count_only or search.with_total else None
        if search.count_only:
            return fhir(searchset(base_url(request), (), links={"self": own}, total=total))
        return self._page(found, own, 0, search.count, total)

    def _page(self, found: Found, own: str, offset: int, count: int, total: int | None = None) -> Response:
        base = base_url(request)
        links = page_links(base, own, found, offset, count)
        links = self._sandbox.misbehaviour.links(base, found, offset, count, links)
        return fhir(searchset(base, found.hits[offset : offset + count], links=links, total=total))

    def _parse(self, type_: str, pairs: list[tuple[str, str]]) -> Search:
        if type_ not in PARAMETERS:
            raise FhirError(404, f"{type_[:64]} is not a resource type served here.", code="not-supported")
        lenient = is_lenient(request.headers.get("Prefer", ""))
        return parse_search(type_, pairs, PARAMETERS[type_], lenient=lenient, sortable=SORTABLE)


def base_url(asked: Request) -> str:
    """The FHIR base as the client calls it."""
    return f"{asked.host_url}fhir"


def fhir(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type=CONTENT_TYPE)


def versioned(stored: Stored, status: int = 200) -> Response:
    """A resource with its version in the headers."""
    response = fhir(stored.body, status)
    response.headers["ETag"] = etag(stored.version)
    response.headers["Last-Modified"] = http_date(stored.updated.low)
    return response


def _told(error: FhirError) -> Response:
    response = fhir(orjson.dumps(error.outcome()), error.status)
    response.headers.update(error.headers)
    return response


def _told_of_http(error: HTTPException) -> Response:
    """A route or method that is not there; the headers carry Allow."""
    status = error.code or 500
    response = fhir(orjson.dumps(outcome_for(status, error.description or "")), status)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def _told_of_our_fault(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return fhir(orjson.dumps(outcome_for(500, "the sandbox failed; its log says where.")), 500)
