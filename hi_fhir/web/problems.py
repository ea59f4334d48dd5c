"""Errors where no FHIR is spoken: problem details as JSON (RFC 9457)."""

from http import HTTPStatus

import orjson

from hi_fhir.fhir.rest.errors import ErrorResponse
from hi_fhir.fhir.rest.outcomes import FhirError

CONTENT_TYPE = "application/problem+json"


def problem_response(error: FhirError) -> ErrorResponse:
    """The title is that of the status, so that what there is to say stands in the detail."""
    problem = {"type": "about:blank", "title": HTTPStatus(error.status).phrase, "status": error.status}
    body = orjson.dumps(problem | {"detail": error.diagnostics})
    return ErrorResponse(body, error.status, {**error.headers, "Content-Type": CONTENT_TYPE})
