"""The one place where an error becomes a response: an OperationOutcome below /fhir, a problem or a page elsewhere."""

import logging
from collections.abc import Callable

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, SecurityError

from hi_fhir.fhir.rest.errors import error_response
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store.audit_events import AuditReason
from hi_fhir.web.auditing import refuse_because
from hi_fhir.web.problems import CONTENT_TYPE, problem_response
from hi_fhir.web.responses import BASE_PATH

_HTML = "text/html"

log = logging.getLogger(__name__)


ProblemPage = Callable[[int, str], Response]
"""What a person is shown, by status and what there is to say."""

_PROBLEM_PAGE = "PROBLEM_PAGE"


def register(app: Flask, problem_page: ProblemPage | None = None) -> None:
    """problem_page: for browsers, beyond the FHIR base; None: they get what programs get."""
    app.config[_PROBLEM_PAGE] = problem_page
    app.register_error_handler(FhirError, _refused)
    app.register_error_handler(HTTPException, _no_such_route)
    app.register_error_handler(Exception, _our_fault)


def _refused(error: FhirError, *, has_routes: bool = True) -> Response:
    """has_routes: whether links can be made, as they cannot for a host that is not served."""
    is_fhir = f"{request.path}/".startswith(f"{BASE_PATH}/")  # by its path: what is no route has no blueprint
    page: ProblemPage | None = current_app.config[_PROBLEM_PAGE]
    if (
        page is not None
        and has_routes
        and not is_fhir
        and request.accept_mimetypes.best_match((CONTENT_TYPE, _HTML)) == _HTML
    ):
        response = page(error.status, error.diagnostics)
        response.headers.update({name: value for name, value in error.headers.items() if name != "Content-Type"})
        return response
    return Response(*(error_response if is_fhir else problem_response)(error))


def _no_such_route(error: HTTPException) -> Response:
    """A route, method or host that is not served. The headers carry Allow."""
    if isinstance(error, SecurityError):
        refuse_because(AuditReason.ANOTHER_HOST)
    told = FhirError(error.code or 500, error.name, headers=dict(error.get_headers()))
    return _refused(told, has_routes=not isinstance(error, SecurityError))


def _our_fault(error: Exception) -> Response:
    """Logged by its route: an address may carry a search."""
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return _refused(FhirError(500, "this is a fault of hi_fhir; its log says more."))
