"""The sandbox's HTTP surface: which view answers where under /fhir, and what holds for every answer."""

from datetime import datetime

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from hi_fhir.fhir.rest.headers import check_acceptable, http_date
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.sandbox.exports import Exports
from hi_fhir.sandbox.faults import Faults
from hi_fhir.sandbox.memory import Memory
from hi_fhir.sandbox.misbehaviour import Misbehaviour
from hi_fhir.sandbox.paging import Searches
from hi_fhir.sandbox.views.exporting import Exporting
from hi_fhir.sandbox.views.reading import Reading
from hi_fhir.sandbox.views.responses import no_such_route, our_fault, refused
from hi_fhir.sandbox.views.writing import Writing
from hi_fhir.sandbox.writes import Writer


class _TypeConverter(BaseConverter):
    """Resource types begin with a capital, so that no operation is taken for one."""

    regex = "[A-Z][A-Za-z]*"


def make_app(memory: Memory, faults: Faults, at: datetime) -> Flask:
    """The sandbox over `memory`. `at`: the instant that every answer is dated."""
    searches = Searches(memory)
    misbehaviour = Misbehaviour(faults, searches, at)
    app = Flask("hi_fhir.sandbox", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.converters["type"] = _TypeConverter
    _add_exporting(app, Exporting(Exports(memory, at, misbehaviour.expires)))
    _add_reading(app, Reading(memory, searches, misbehaviour, at.date()))
    _add_writing(app, Writing(Writer(memory)))
    app.register_error_handler(FhirError, refused)
    app.register_error_handler(HTTPException, no_such_route)
    app.register_error_handler(Exception, our_fault)

    @app.before_request
    def before() -> Response | None:
        if not request.path.startswith("/fhir/Binary/"):
            check_acceptable(request.headers.get("Accept", ""), request.args.get("_format"))
        return misbehaviour.instead()

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["Date"] = http_date(at)
        return misbehaviour.cut(response)

    return app


def _add_reading(app: Flask, views: Reading) -> None:
    app.add_url_rule("/fhir/metadata", view_func=views.metadata)
    app.add_url_rule("/fhir", view_func=views.page)
    app.add_url_rule("/fhir/<type:type_>", view_func=views.search)
    app.add_url_rule("/fhir/<type:type_>/_search", view_func=views.search_by_post, methods=["POST"])
    app.add_url_rule("/fhir/<type:type_>/<id_>", view_func=views.read)


def _add_writing(app: Flask, views: Writing) -> None:
    app.add_url_rule("/fhir", view_func=views.bundle, methods=["POST"])
    app.add_url_rule("/fhir/<type:type_>", view_func=views.create, methods=["POST"])
    app.add_url_rule("/fhir/<type:type_>", view_func=views.conditional_update, methods=["PUT"])
    app.add_url_rule("/fhir/<type:type_>/<id_>", view_func=views.update, methods=["PUT"])
    app.add_url_rule("/fhir/<type:type_>/<id_>", view_func=views.delete, methods=["DELETE"])


def _add_exporting(app: Flask, views: Exporting) -> None:
    app.add_url_rule("/fhir/$export", view_func=views.system)
    app.add_url_rule("/fhir/Patient/$export", view_func=views.patients)
    app.add_url_rule("/fhir/Group/<id_>/$export", view_func=views.group)
    app.add_url_rule("/fhir/$export-poll-status", view_func=views.status)
    app.add_url_rule("/fhir/$export-poll-status", view_func=views.cancel, methods=["DELETE"])
    app.add_url_rule("/fhir/Binary/<name>", view_func=views.file)
