"""What the sandbox's views answer with: FHIR JSON, versions in the headers, and every error an OperationOutcome."""

import logging

from flask import Response, request
from werkzeug.exceptions import HTTPException

from hi_fhir.fhir.rest.errors import error_response
from hi_fhir.fhir.rest.headers import CONTENT_TYPE, etag, http_date
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.sandbox.memory import Stored

log = logging.getLogger(__name__)


def base_url() -> str:
    """The FHIR base as the client calls it."""
    return f"{request.host_url}fhir"


def fhir(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type=CONTENT_TYPE)


def versioned(stored: Stored, status: int = 200) -> Response:
    """A resource with its version in the headers."""
    response = fhir(stored.body, status)
    response.headers["ETag"] = etag(stored.version)
    response.headers["Last-Modified"] = http_date(stored.updated.low)
    return response


def refused(error: FhirError) -> Response:
    return Response(*error_response(error))


def no_such_route(error: HTTPException) -> Response:
    """A route or method that is not there; the headers carry Allow."""
    return refused(FhirError(error.code or 500, error.name, headers=dict(error.get_headers())))


def our_fault(error: Exception) -> Response:
    """Logged by its route, since an address may name a patient."""
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return refused(FhirError(500, "the sandbox failed; its log says where."))
