"""How an error goes out over HTTP, whichever server answers with it."""

from typing import NamedTuple

import orjson

from hi_fhir.fhir.rest.headers import CONTENT_TYPE
from hi_fhir.fhir.rest.outcomes import FhirError


class ErrorResponse(NamedTuple):
    """An OperationOutcome as it is sent."""

    body: bytes
    status: int
    headers: dict[str, str]


def error_response(error: FhirError) -> ErrorResponse:
    return ErrorResponse(orjson.dumps(error.outcome()), error.status, {**error.headers, "Content-Type": CONTENT_TYPE})
