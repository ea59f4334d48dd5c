"""The one place where an error becomes a response: an OperationOutcome below the FHIR base, a problem elsewhere."""

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from hi_fhir.fhir.rest.errors import error_response
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.web.problems import problem_response
from hi_fhir.web.responses import BASE_PATH

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    app.register_error_handler(FhirError, _refused)
    app.register_error_handler(HTTPException, _no_such_route)
    app.register_error_handler(Exception, _our_fault)


def _refused(error: FhirError) -> Response:
    is_fhir = f"{request.path}/".startswith(f"{BASE_PATH}/")  # by its path: what is no route has no blueprint
    return Response(*(error_response if is_fhir else problem_response)(error))


def _no_such_route(error: HTTPException) -> Response:
    """A route, method or host that is not served. The headers carry Allow."""
    return _refused(FhirError(error.code or 500, error.name, headers=dict(error.get_headers())))


def _our_fault(error: Exception) -> Response:
    """Logged by its route: an address may carry a search."""
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return _refused(FhirError(500, "this is a fault of hi_fhir; its log says more."))
