"""The service as a Flask application: FHIR under /fhir, and its health."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response

from hi_fhir.access.rates import Rates
from hi_fhir.core.clock import Clock
from hi_fhir.pages.site import Site
from hi_fhir.pipeline.about_patients import AboutPatients
from hi_fhir.reports.artifacts.requirements import MeasureRequirements
from hi_fhir.store.audit_events import Note, unheard
from hi_fhir.store.session import Store
from hi_fhir.web import errors, fhir_api, health, responses
from hi_fhir.web.auditing import note_refusals
from hi_fhir.web.cors import allow_origins
from hi_fhir.web.export_api import ExportViews
from hi_fhir.web.headers import OF_EVERY_ANSWER
from hi_fhir.web.limiting import limit_requests
from hi_fhir.web.readers import ReaderOf, shown_caller
from hi_fhir.web.subscriptions_api import SubscriptionViews

_OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")


def create_app(
    store: Store,
    clock: Clock,
    reader_of: ReaderOf,
    host: str = _OWN_NAMES[0],
    definitions: Sequence[dict[str, Any]] = (),
    subscriptions: SubscriptionViews | None = None,
    public_url: str | None = None,
    pages: Site | None = None,
    requirements: MeasureRequirements | None = None,
    cors_origins: Sequence[str] = (),
    *,
    has_clients: bool = False,
    patients: AboutPatients | None = None,
    note: Note = unheard,
    rates: Rates | None = None,
) -> Flask:
    """The service. reader_of: who a request is from, and so what is answered as if nothing else were there.

    host: the address that it listens on, as it stands in a URL. definitions: of what the reports name of our own.
    subscriptions: where they are offered. public_url: by which others call it, without the path of FHIR.
    pages: what people look at, where it is offered. requirements: of the measures that are worked out here now; where
    they are offered, `definitions` has that of the operation. cors_origins: of pages elsewhere that may ask.
    has_clients: whether who calls shows a token. patients: whose reports practices may ask for, where that is offered.
    note: of what is refused. rates: how often each may ask; None: as often as they like.
    """
    app = Flask("hi_fhir", static_folder=None)
    # A page elsewhere could have its own name lead here; only who calls this machine by its own is answered.
    app.config["TRUSTED_HOSTS"] = [*_OWN_NAMES, host, *([urlsplit(public_url).netloc] if public_url else ())]
    app.config[responses.PUBLIC_BASE] = f"{public_url.rstrip('/')}{responses.BASE_PATH}" if public_url else None
    app.url_map.strict_slashes = False
    app.url_map.converters["type"] = fhir_api.TypeConverter
    if rates is not None:
        app.before_request(limit_requests(rates, shown_caller(store, clock), pages.door if pages else None))
    since = clock.now().date()
    exports = ExportViews(store, clock, reader_of, needs_token=has_clients)
    of_fhir = (store, reader_of, since, definitions, subscriptions, requirements, exports, patients)
    app.register_blueprint(fhir_api.make_blueprint(*of_fhir, clock=clock, has_clients=has_clients))
    if pages is not None:
        app.register_blueprint(pages)
    app.register_blueprint(health.make_blueprint(store))
    errors.register(app, pages.problem if pages is not None else None)
    app.after_request(_with_own_headers)
    app.after_request(note_refusals(note))
    if cors_origins:
        app.after_request(allow_origins(cors_origins))
    return app


def _with_own_headers(response: Response) -> Response:
    for name, value in OF_EVERY_ANSWER:
        response.headers.setdefault(name, value)
    return response
