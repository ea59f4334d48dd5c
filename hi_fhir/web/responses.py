"""Answers of the FHIR base: their bytes, the base that links begin with, and which version of a resource they are."""

from collections.abc import Sequence

from flask import Response, current_app, request

from hi_fhir.core.gzipped import Part, Rest, joined, joined_as_gzip
from hi_fhir.fhir.rest.headers import CONTENT_TYPE, accepts_gzip, etag, http_date, is_tagged
from hi_fhir.store.search import StoredVersion
from hi_fhir.web.served import as_entry

BASE_PATH = "/fhir"
PUBLIC_BASE = "PUBLIC_FHIR_BASE"
"""Name of the application's setting: the FHIR base as others call it."""


def base_url() -> str:
    """The FHIR base as the deployment says that others call it, or else as this client does."""
    public: str | None = current_app.config.get(PUBLIC_BASE)
    if public:
        return public
    return f"{request.scheme}://{request.host}{BASE_PATH}"


def fhir_response(parts: Sequence[Part]) -> Response:
    """The parts as they are or, where some are kept as gzip and the client takes it, as that."""
    as_gzip = accepts_gzip(request.headers.get("Accept-Encoding", "")) and any(isinstance(one, Rest) for one in parts)
    response = Response(joined_as_gzip(parts) if as_gzip else joined(parts), content_type=CONTENT_TYPE)
    if as_gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response


def version_response(type_: str, stored: StoredVersion) -> Response:
    """A version of a resource, or that the client has it already."""
    if is_tagged(request.headers.get("If-None-Match", ""), stored.version):
        response = Response(status=304)
    else:
        response = fhir_response(as_entry(type_, stored).parts)
    response.headers["ETag"] = etag(stored.version)
    response.headers["Last-Modified"] = http_date(stored.recorded_at)
    return response
