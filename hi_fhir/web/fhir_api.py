"""FHIR REST over what was released: metadata, read and search."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from hi_fhir.core.clock import Clock
from hi_fhir.fhir.rest.capability import Service, capability_statement
from hi_fhir.fhir.rest.headers import check_acceptable
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.pipeline.about_patients import AboutPatients
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.store.session import Store
from hi_fhir.web.audit_events import SERVED_AUDIT_EVENT
from hi_fhir.web.audit_events import TYPE as AUDIT_EVENT
from hi_fhir.web.defined import served_definitions
from hi_fhir.web.evaluate_api import DEFINITION as EVALUATE_DEFINITION
from hi_fhir.web.evaluate_api import NAME as EVALUATE
from hi_fhir.web.evaluate_api import EvaluateViews
from hi_fhir.web.export_api import DEFINITION as EXPORT_DEFINITION
from hi_fhir.web.export_api import FILE_ENDPOINT, ExportViews
from hi_fhir.web.export_api import NAME as EXPORT
from hi_fhir.web.groups import SERVED_GROUP
from hi_fhir.web.readers import ReaderOf
from hi_fhir.web.requirements_api import NAME as REQUIREMENTS
from hi_fhir.web.requirements_api import RequirementViews
from hi_fhir.web.responses import BASE_PATH, base_url, fhir_response, version_response
from hi_fhir.web.search_api import PAGE_SIZE, SearchViews, served_type
from hi_fhir.web.served import SERVED, Served
from hi_fhir.web.subscriptions_api import SubscriptionViews
from hi_fhir.web.versions_api import VersionViews

_DOCUMENTATION = (
    f"A page of a search has {PAGE_SIZE} resources at most, whatever _count asks for; its self link has the count that "
    "was used. What the client may not have is answered as what is not there. A client that asks too often is told "
    "when to ask again (429, Retry-After)."
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
    exports: ExportViews | None = None,
    patients: AboutPatients | None = None,
    *,
    clock: Clock,
    has_clients: bool = False,
) -> Blueprint:
    """The routes below the base. `since`: the day that the service was started, for its CapabilityStatement.

    patients: whose reports practices may ask for, where that is offered. has_clients: whether who calls shows a token.
    """
    others = [subscriptions.capability()] if subscriptions else []
    for_operators = {AUDIT_EVENT: SERVED_AUDIT_EVENT} if has_clients else {}
    served = {**SERVED, "Group": SERVED_GROUP, **served_definitions(definitions, since), **for_operators}
    operations = {one["code"]: one["url"] for one in definitions if one.get("resource") == ["Measure"]}
    of_measure = {EVALUATE: operations.get(EVALUATE, EVALUATE_DEFINITION)}
    if requirements:
        of_measure[REQUIREMENTS] = operations[REQUIREMENTS]
    of_all = {EXPORT: EXPORT_DEFINITION} if exports else {}
    views = FhirViews(store, reader_of, since, served, others, of_measure, of_all)
    blueprint = Blueprint("fhir", __name__, url_prefix=BASE_PATH)
    blueprint.before_request(_negotiate)
    EvaluateViews(store, reader_of, clock, patients).add_to(blueprint)
    VersionViews(store, reader_of, served).add_to(blueprint)
    if requirements:
        RequirementViews(store, reader_of, requirements).add_to(blueprint)
    SearchViews(store, reader_of, served).add_to(blueprint)
    if subscriptions:
        subscriptions.add_to(blueprint)
    if exports:
        exports.add_to(blueprint)
    blueprint.add_url_rule("/metadata", view_func=views.metadata)
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
        of_all: Mapping[str, str],
    ) -> None:
        """others: what the CapabilityStatement says of types with routes of their own. of_measure: operations of
        Measure, each with the URL of its definition; of_all: of the whole.
        """
        self._of_all = of_all
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
            offered={type_: served.offered for type_, served in self._served.items()},
            documentation=_DOCUMENTATION,
            documented={type_: one.documentation for type_, one in self._served.items() if one.documentation},
            operations=self._of_all,
            type_operations={"Measure": self._of_measure},
            interactions=("read", "vread", "history-instance", "search-type"),
        )
        return fhir_response((orjson.dumps(capability_statement(service)),))

    def read(self, type_: str, id_: str) -> Response:
        reader = self._reader_of(request)  # which asks the store itself: never two connections at a time
        served = served_type(self._served, type_)
        with self._store.connect() as connection:
            stored = served.read(connection, reader, id_)
        if stored is None:
            raise FhirError(404, f"there is no such {type_}.")
        return version_response(type_, stored)


def _negotiate() -> None:
    if "\0" in request.path:  # which a store need not be able to look for
        raise FhirError(404, "there is no such address.")
    if request.endpoint != f"fhir.{FILE_ENDPOINT}":  # which is NDJSON, and asked for as such
        check_acceptable(request.headers.get("Accept", ""), request.args.get("_format"))
