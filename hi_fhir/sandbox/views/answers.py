"""What the sandbox's views answer with: FHIR JSON, versions in the headers, and every error an OperationOutcome."""

import logging

import orjson
from flask import Response, request
from werkzeug.exceptions import HTTPException

from hi_fhir.fhir.rest.headers import CONTENT_TYPE, etag, http_date
from hi_fhir.fhir.rest.outcomes import FhirError, outcome_for
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
    response = fhir(orjson.dumps(error.outcome()), error.status)
    response.headers.update(error.headers)
    return response


def no_such_route(error: HTTPException) -> Response:
    """A route or method that is not there; the headers carry Allow."""
    status = error.code or 500
    response = fhir(orjson.dumps(outcome_for(status, error.description or "")), status)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def our_fault(error: Exception) -> Response:
    """Logged by its route, since an address may name a patient."""
    log.error("%s %s failed", request.method, request.url_rule, exc_info=error)
    return fhir(orjson.dumps(outcome_for(500, "the sandbox failed; its log says where.")), 500)
