"""Answers of the FHIR base: their bytes, the base that links begin with, and which version of a resource they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Response, current_app, request

from hi_fhir.core.gzipped import Part, Rest, gzipped, joined, joined_as_gzip
from hi_fhir.fhir.rest.controls import Offered, check_controls, read_control
from hi_fhir.fhir.rest.headers import CONTENT_TYPE, accepts_gzip, etag, http_date, is_known
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.store.search import StoredVersion
from hi_fhir.web.served import entry_of

BASE_PATH = "/fhir"
PUBLIC_BASE = "PUBLIC_FHIR_BASE"
"""Name of the application's setting: the FHIR base as others call it."""


_WORTH_IT = 1_000  # bytes from which on gzip is


def base_url() -> str:
    """The FHIR base as the deployment says that others call it, or else as this client does."""
    public: str | None = current_app.config.get(PUBLIC_BASE)
    if public:
        return public
    return f"{request.scheme}://{request.host}{BASE_PATH}"


def fhir_response(parts: Sequence[Part]) -> Response:
    """The parts or, where the client takes it, the same as gzip."""
    as_gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    if as_gzip and any(isinstance(one, Rest) for one in parts):
        body = joined_as_gzip(parts)
    else:
        body = joined(parts)
        as_gzip = as_gzip and len(body) >= _WORTH_IT
        body = gzipped(body) if as_gzip else body
    response = Response(body, content_type=CONTENT_TYPE)
    if as_gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response


def version_response(type_: str, stored: StoredVersion) -> Response:
    """A version of a resource, or as much of it as is asked for, or that the client has it already."""
    shape = _shape()
    if is_known(
        request.headers.get("If-None-Match"),
        request.headers.get("If-Modified-Since"),
        stored.version,
        stored.recorded_at,
    ):
        response = Response(status=304)
    else:
        response = fhir_response(entry_of(type_, stored, shape).parts)
    response.headers["ETag"] = etag(stored.version)
    response.headers["Last-Modified"] = http_date(stored.recorded_at)
    return response


class _Shape(NamedTuple):
    elements: Sequence[str] = ()
    summary: str | None = None


def _shape() -> _Shape:
    """How much of a resource is asked for, by the query of a read.

    Raises:
        FhirError: 400.
    """
    asked: dict[str, Any] = {}
    for name in ("_elements", "_summary"):
        for text in request.args.getlist(name):
            asked |= read_control(name, text, Offered(shortened=True))
    if asked.pop("count_only", False):
        raise FhirError(400, "_summary=count is for searches.", code="not-supported")
    check_controls(asked)
    return _Shape(**asked)
