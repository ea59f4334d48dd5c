"""FHIR REST over what was released: metadata, read and search."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from hi_fhir.fhir.rest.bundles import searchset_parts
from hi_fhir.fhir.rest.capability import Service, capability_statement
from hi_fhir.fhir.rest.headers import check_acceptable, check_form
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.paging import page_links, split_page
from hi_fhir.fhir.rest.search import Pair, is_lenient, parse_search
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.store.session import Store
from hi_fhir.web.defined import served_definitions
from hi_fhir.web.evaluate_api import DEFINITION as EVALUATE_DEFINITION
from hi_fhir.web.evaluate_api import NAME as EVALUATE
from hi_fhir.web.evaluate_api import EvaluateViews
from hi_fhir.web.groups import SERVED_GROUP
from hi_fhir.web.readers import ReaderOf
from hi_fhir.web.requirements_api import NAME as REQUIREMENTS
from hi_fhir.web.requirements_api import RequirementViews
from hi_fhir.web.responses import BASE_PATH, base_url, fhir_response, version_response
from hi_fhir.web.served import SERVED, Served, as_entry
from hi_fhir.web.subscriptions_api import SubscriptionViews
from hi_fhir.web.versions_api import VersionViews

_PAGE = 20  # resources at most: so many reports of 130 kB are 2.7 MB where they are not asked for as gzip
_DOCUMENTATION = (
    f"A page of a search has {_PAGE} resources at most, whatever _count asks for; its self link has the count that was "
    "used. What the client may not have is answered as what is not there."
)


class TypeConverter(BaseConverter):
    """Resource types begin with a capital, so that `metadata` is none."""

    regex = "[A-Z][A-Za-z]*"


def make_blueprint(
    store: Store,
    reader_of: ReaderOf,
    since: date,
    definitions: Sequence[dict[str, Any]] = (),
    subscriptions: SubscriptionViews | None = None,
    requirements: MeasureRequirements | None = None,
) -> Blueprint:
    """The routes below the base. `since`: the day that the service was started, for its CapabilityStatement."""
    others = [subscriptions.capability()] if subscriptions else []
    served = {**SERVED, "Group": SERVED_GROUP, **served_definitions(definitions, since)}
    operations = {one["code"]: one["url"] for one in definitions if one.get("resource") == ["Measure"]}
    of_measure = {EVALUATE: operations.get(EVALUATE, EVALUATE_DEFINITION)}
    if requirements:
        of_measure[REQUIREMENTS] = operations[REQUIREMENTS]
    views = FhirViews(store, reader_of, since, served, others, of_measure)
    blueprint = Blueprint("fhir", __name__, url_prefix=BASE_PATH)
    blueprint.before_request(_negotiate)
    EvaluateViews(store, reader_of).add_to(blueprint)
    VersionViews(store, reader_of, served).add_to(blueprint)
    if requirements:
        RequirementViews(store, reader_of, requirements).add_to(blueprint)
    if subscriptions:
        subscriptions.add_to(blueprint)
    blueprint.add_url_rule("/metadata", view_func=views.metadata)
    blueprint.add_url_rule("/<type:type_>", view_func=views.search)
    blueprint.add_url_rule("/<type:type_>/_search", view_func=views.search_by_post, methods=["POST"])
    blueprint.add_url_rule("/<type:type_>/<id_>", view_func=views.read)
    return blueprint


class FhirViews:
    def __init__(
        self,
        store: Store,
        reader_of: ReaderOf,
        since: date,
        served: Mapping[str, Served],
        others: Sequence[dict[str, Any]],
        of_measure: Mapping[str, str],
    ) -> None:
        """others: what the CapabilityStatement says of types with routes of their own. of_measure: operations of
        Measure, each with the URL of its definition.
        """
        self._of_measure = of_measure
        self._others = others
        self._served = served
        self._store = store
        self._reader_of = reader_of
        self._since = since

    def metadata(self) -> Response:
        parameters = {type_: served.parameters for type_, served in self._served.items()}
        service = Service(
            "hi_fhir: stratified MeasureReports",
            base_url(),
            self._since,
            parameters,
            self._others,
            documentation=_DOCUMENTATION,
            type_operations={"Measure": self._of_measure},
            interactions=("read", "vread", "history-instance", "search-type"),
        )
        return fhir_response((orjson.dumps(capability_statement(service)),))

    def read(self, type_: str, id_: str) -> Response:
        served = self._of(type_)
        reader = self._reader_of(request)  # which asks the store itself: never two connections at a time
        with self._store.connect() as connection:
            stored = served.read(connection, reader, id_)
        if stored is None:
            raise FhirError(404, f"there is no such {type_}.")
        return version_response(type_, stored)

    def search(self, type_: str) -> Response:
        return self._response(type_, [*request.args.items(multi=True)])

    def search_by_post(self, type_: str) -> Response:
        check_form(request.content_type or "", request.get_data())
        return self._response(type_, [*request.args.items(multi=True), *request.form.items(multi=True)])

    def _of(self, type_: str) -> Served:
        if type_ not in self._served:
            types = ", ".join(sorted(self._served))
            raise FhirError(404, f"{type_[:64]} is not served here; {types} are.", code="not-supported")
        return self._served[type_]

    def _response(self, type_: str, pairs: list[Pair]) -> Response:
        served = self._of(type_)
        pairs, offset = split_page(pairs)
        lenient = is_lenient(request.headers.get("Prefer", ""))
        search = parse_search(type_, pairs, served.parameters, lenient=lenient, most=_PAGE)
        reader = self._reader_of(request)
        with self._store.connect() as connection:
            limit = 0 if search.count_only else search.count
            found = served.find(connection, reader, search, offset, limit)
        links = page_links(base_url(), search, offset, found.total)
        entries = [as_entry(type_, stored) for stored in found.resources]
        return fhir_response(searchset_parts(base_url(), entries, links=links, total=found.total))


def _negotiate() -> None:
    if "\0" in request.path:  # which a store need not be able to look for
        raise FhirError(404, "there is no such address.")
    check_acceptable(request.headers.get("Accept", ""), request.args.get("_format"))
