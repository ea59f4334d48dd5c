"""A FHIR server that answers as a test says, request by request, where no sandbox would."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import orjson
import responses

from tests.support.calling import BASE


class Asked(NamedTuple):
    """A request: its type, what it asks for, and how."""

    method: str
    type: str
    parameters: dict[str, str]

    @property
    def is_count(self) -> bool:
        return self.parameters.get("_summary") == "count"


_ANY = re.compile(".*")

Reply = int | dict[str, Any] | bytes
"""A status without a body, a resource, or bytes as they are."""


def a_scripted_server(answer: Callable[[Asked], Reply], statement: Reply = 404) -> list[Asked]:
    """Answer every search by `answer`, and /metadata by `statement`; the searches as they were asked, as they come."""
    asked: list[Asked] = []

    def reply(request: Any) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(request.url)
        path = parts.path.removeprefix(urlsplit(BASE).path).strip("/")
        if path == "metadata":
            return _answer(statement)
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
        asked.append(Asked(request.method, path.partition("/")[0], pairs))
        return _answer(answer(asked[-1]))

    for method in (responses.GET, responses.POST):
        responses.add_callback(method, _ANY, reply)
    return asked


def _answer(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    dated = {"Date": "Tue, 01 Apr 2025 23:30:00 GMT", "Content-Type": "application/fhir+json"}
    if isinstance(reply, int):
        return reply, dated, b""
    return 200, dated, reply if isinstance(reply, bytes) else orjson.dumps(reply)


def a_statement(*types: str, version: str = "4.0.1", **interactions: list[str]) -> dict[str, Any]:
    """A CapabilityStatement; interactions: by type, all of them where none are named."""
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": version,
        "rest": [{"mode": "server", "resource": [_declared(type_, interactions.get(type_)) for type_ in types]}],
    }


def _declared(type_: str, interactions: list[str] | None) -> dict[str, Any]:
    declared: dict[str, Any] = {"type": type_, "searchParam": [{"name": "combo-code"}, {"name": "code"}]}
    if interactions is not None:
        declared["interaction"] = [{"code": code} for code in interactions]
    return declared


def a_bundle(*resources: dict[str, Any], total: int | None = None, own: str | None = None) -> dict[str, Any]:
    """A page of a search, or the answer to a count."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if total is None else {"total": total}),
        "link": [{"relation": "self", "url": own}] if own else [],
        "entry": [{"resource": resource} for resource in resources],
    }
