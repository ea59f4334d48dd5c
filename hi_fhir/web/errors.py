"""The one place where an error becomes an OperationOutcome."""

import logging

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from hi_fhir.fhir.rest.headers import CONTENT_TYPE
from hi_fhir.fhir.rest.outcomes import FhirError, outcome_for

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    app.register_error_handler(FhirError, _refused)
    app.register_error_handler(HTTPException, _no_such_route)
    app.register_error_handler(Exception, _our_fault)


def _refused(error: FhirError) -> Response:
    response = Response(orjson.dumps(error.outcome()), error.status, content_type=CONTENT_TYPE)
    response.headers.update(error.headers)
    return response


def _no_such_route(error: HTTPException) -> Response:
    """A route, method or host that is not served. The headers carry Allow."""
    status = error.code or 500
    outcome = outcome_for(status, error.name)
    response = Response(orjson.dumps(outcome), status, content_type=CONTENT_TYPE)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def _our_fault(error: Exception) -> Response:
    """Logged by its route: an address may carry a search."""
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    outcome = outcome_for(500, "this is a fault of hi_fhir; its log says more.")
    return Response(orjson.dumps(outcome), 500, content_type=CONTENT_TYPE)
