"""The views that write: create, update and delete, with conditions, and Bundles of them."""

from typing import Any

import orjson
from flask import Response, request

from hi_fhir.fhir.rest.headers import check_content_type
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.preferences import Returned, returned
from hi_fhir.sandbox.views.responses import base_url, fhir, versioned
from hi_fhir.sandbox.writes import Write, Writer, Written


class Writing:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def bundle(self) -> Response:
        return fhir(orjson.dumps(self._writer.bundle(_body())))

    def create(self, type_: str) -> Response:
        condition = request.headers.get("If-None-Exist")
        return _answer(self._writer.one(Write("POST", type_, condition=condition, resource=_body())))

    def conditional_update(self, type_: str) -> Response:
        query = request.query_string.decode()
        return _answer(self._writer.one(Write("PUT", type_, condition=query, resource=_body())))

    def update(self, type_: str, id_: str) -> Response:
        if_match = request.headers.get("If-Match")
        return _answer(self._writer.one(Write("PUT", type_, id_, if_match=if_match, resource=_body())))

    def delete(self, type_: str, id_: str) -> Response:
        return _answer(self._writer.one(Write("DELETE", type_, id_)))


def _body() -> dict[str, Any]:
    check_content_type(request.content_type or "")
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise FhirError(400, "the body is not JSON.", code="structure") from error
    if not isinstance(body, dict):
        raise FhirError(400, "the body is not a resource.", code="structure")
    return body


def _answer(written: Written) -> Response:
    stored = written.stored
    if stored is None:
        return Response(status=written.status)
    response = versioned(stored, written.status)
    if returned(request.headers.get("Prefer", "")) is Returned.MINIMAL:
        response.set_data(b"")
    response.headers["Location" if written.status == 201 else "Content-Location"] = (
        f"{base_url()}/{stored.type}/{stored.id}/_history/{stored.version}"
    )
    return response
