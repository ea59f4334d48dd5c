"""The views that change nothing: metadata, read, search and its pages."""

from datetime import date

import orjson
from flask import Response, request

from hi_fhir.fhir.rest.bundles import link, searchset
from hi_fhir.fhir.rest.capability import Service, capability_statement
from hi_fhir.fhir.rest.controls import Offered
from hi_fhir.fhir.rest.declarations import PARAMETERS
from hi_fhir.fhir.rest.headers import check_form
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import is_lenient
from hi_fhir.fhir.rest.search import MAX_COUNT, Pair, ParsedSearch, parse_search
from hi_fhir.sandbox.memory import SORTABLE, Memory
from hi_fhir.sandbox.misbehaviour import Misbehaviour
from hi_fhir.sandbox.paging import Searches, SearchHits, page_link, page_links
from hi_fhir.sandbox.render import ABSOLUTE_BASE
from hi_fhir.sandbox.views.responses import base_url, fhir, versioned

_EXPORT = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"


class Reading:
    def __init__(self, memory: Memory, searches: Searches, misbehaviour: Misbehaviour, today: date) -> None:
        self._memory = memory
        self._searches = searches
        self._misbehaviour = misbehaviour
        self._today = today

    def metadata(self) -> Response:
        service = Service(
            title="hi_fhir sandbox: synthetic people on loopback",
            url=ABSOLUTE_BASE,
            date=self._today,
            resources=PARAMETERS,
            interactions=("read", "search-type", "create", "update", "delete"),
            system_interactions=("transaction", "batch"),
            operations={"export": _EXPORT},
            conditional_writes=True,
        )
        return fhir(orjson.dumps(capability_statement(service)))

    def read(self, type_: str, id_: str) -> Response:
        return versioned(self._memory.read(type_, id_))

    def search(self, type_: str) -> Response:
        return self._answer(type_, [*request.args.items(multi=True)])

    def search_by_post(self, type_: str) -> Response:
        check_form(request.content_type or "", request.get_data())
        return self._answer(type_, [*request.args.items(multi=True), *request.form.items(multi=True)])

    def page(self) -> Response:
        """The answer to a next link."""
        offset, count = (request.args.get(name, "0") for name in ("_getpagesoffset", "_count"))
        if "_getpages" not in request.args or not (offset.isdecimal() and count.isdecimal()):
            raise FhirError(400, "a search over all types is not served; next links are followed as they are.")
        found = self._searches.recall(request.args["_getpages"])
        size = min(int(count), MAX_COUNT)
        own = page_link(base_url(), found.token, int(offset), size)
        return self._page(found, own, int(offset), size)

    def _answer(self, type_: str, pairs: list[Pair]) -> Response:
        search = self._misbehaviour.search(_parse(type_, pairs))
        found = self._searches.run(search)
        own = link(base_url(), type_, search.pairs)
        total = len(found.hits) if search.count_only or search.with_total else None
        if search.count_only:
            return fhir(searchset(base_url(), (), links={"self": own}, total=total))
        return self._page(found, own, 0, search.count, total)

    def _page(self, found: SearchHits, own: str, offset: int, count: int, total: int | None = None) -> Response:
        base = base_url()
        links = page_links(base, own, found, offset, count)
        links = self._misbehaviour.links(base, found, offset, count, links)
        return fhir(searchset(base, found.hits[offset : offset + count], links=links, total=total))


def _parse(type_: str, pairs: list[Pair]) -> ParsedSearch:
    if type_ not in PARAMETERS:
        raise FhirError(404, f"{type_[:64]} is not a resource type served here.", code="not-supported")
    lenient = is_lenient(request.headers.get("Prefer", ""))
    return parse_search(type_, pairs, PARAMETERS[type_], lenient=lenient, offered=Offered(SORTABLE))
