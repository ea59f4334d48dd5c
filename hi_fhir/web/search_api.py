"""Search over FHIR: a page of what the reader may have, and what goes along with it. Source: FHIR R4 search.html."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from hi_fhir.fhir.rest.bundles import Entry, searchset_parts
from hi_fhir.fhir.rest.headers import check_form
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.paging import not_known, page_links, place_of, split_page
from hi_fhir.fhir.rest.preferences import is_lenient
from hi_fhir.fhir.rest.search import Pair, ParsedSearch, parse_search
from hi_fhir.store.criteria import Reader
from hi_fhir.store.pages import AskedPage, PagePlace, SortKey, order_of, read_place, written_place
from hi_fhir.store.search import StoredVersion
from hi_fhir.store.session import Store
from hi_fhir.web.readers import ReaderOf, is_operator
from hi_fhir.web.responses import base_url, fhir_response
from hi_fhir.web.served import Served, entry_of

PAGE_SIZE = 20
"""Resources at most: so many reports of 130 kB are 2.7 MB where they are not asked for as gzip."""


class SearchViews:
    def __init__(self, store: Store, reader_of: ReaderOf, served: Mapping[str, Served]) -> None:
        self._store = store
        self._reader_of = reader_of
        self._served = served

    def add_to(self, blueprint: Blueprint) -> None:
        """The routes, below the FHIR base."""
        blueprint.add_url_rule("/<type:type_>", "search", self.search)
        blueprint.add_url_rule("/<type:type_>/_search", "search_by_post", self.search_by_post, methods=["POST"])

    def search(self, type_: str) -> Response:
        return self._response(type_, [*request.args.items(multi=True)])

    def search_by_post(self, type_: str) -> Response:
        check_form(request.content_type or "", request.get_data())
        return self._response(type_, [*request.args.items(multi=True), *request.form.items(multi=True)])

    def _response(self, type_: str, pairs: list[Pair]) -> Response:
        reader = self._reader_of(request)  # which asks the store itself: never two connections at a time
        served = served_type(self._served, type_)
        pairs, token = split_page(pairs)
        lenient = is_lenient(request.headers.get("Prefer", ""))
        search = parse_search(type_, pairs, served.parameters, lenient=lenient, offered=served.offered, most=PAGE_SIZE)
        order, who = order_of(search.sort), _name_of(reader)
        page = AskedPage(
            limit=0 if search.count_only else search.count,
            order=order,
            after=_place(order, place_of(token, search, who)) if token else None,
            with_total=search.with_total is not False or search.count_only,
        )
        with self._store.connect() as connection:
            found = served.find(connection, reader, search, page)
            entries = [entry_of(type_, one, search) for one in found.resources]
            entries += _along(connection, reader, served, search, found.resources)
        following = written_place(found.following) if found.following else None
        links = page_links(base_url(), search, token, who, following)
        return fhir_response(searchset_parts(base_url(), entries, links=links, total=found.total))


def served_type(served: Mapping[str, Served], type_: str) -> Served:
    """How a type is served to whoever asks.

    Raises:
        FhirError: 404, it is not.
    """
    there = served if is_operator() else {name: one for name, one in served.items() if not one.for_operators}
    if type_ not in there:
        raise FhirError(404, f"that type is not served here; {', '.join(sorted(there))} are.", code="not-supported")
    return there[type_]


def _along(
    connection: Connection, reader: Reader, served: Served, search: ParsedSearch, found: Sequence[StoredVersion]
) -> list[Entry]:
    """What goes along with what was found, each resource once."""
    entries: dict[tuple[str, str], Entry] = {}
    for asked, is_reversed in (*((one, False) for one in search.included), *((one, True) for one in search.reversed)):
        type_ = asked.source if is_reversed else asked.target
        for one in served.along[asked](connection, reader, found) if found else ():
            entries[type_, one.id] = entry_of(type_, one, search, "include")
    return [*entries.values()]


def _name_of(reader: Reader) -> str:
    """What tells a reader from another."""
    codes = "*" if reader.organisations is None else ",".join(sorted(reader.organisations))
    return f"{reader.audience} {codes}"


def _place(order: Sequence[SortKey], written: Sequence[object]) -> PagePlace:
    try:
        return read_place(order, written)
    except (ValueError, TypeError) as error:
        raise not_known() from error
