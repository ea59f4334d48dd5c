"""How an error goes out over HTTP, whichever server answers with it."""

from typing import NamedTuple

import orjson

from hi_fhir.fhir.rest.headers import CONTENT_TYPE
from hi_fhir.fhir.rest.outcomes import FhirError


class ErrorAnswer(NamedTuple):
    """An OperationOutcome as it is sent."""

    body: bytes
    status: int
    headers: dict[str, str]


def error_answer(error: FhirError) -> ErrorAnswer:
    return ErrorAnswer(orjson.dumps(error.outcome()), error.status, {**error.headers, "Content-Type": CONTENT_TYPE})
