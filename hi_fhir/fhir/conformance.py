"""What a server says it can do, where it says anything: some good ones have no /metadata."""

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.answers import Answer, check_status, read_json
from hi_fhir.fhir.client import FhirClient, Request


class _Named(msgspec.Struct):
    name: str = ""


class _Resource(msgspec.Struct, rename="camel"):
    type: str = ""
    search_param: list[_Named] = []


class _Rest(msgspec.Struct):
    resource: list[_Resource] = []


class _Statement(msgspec.Struct):
    rest: list[_Rest] = []


class Capability(msgspec.Struct, frozen=True):
    """Search parameters by resource type; None where the server states nothing."""

    parameters: dict[str, frozenset[str]] | None

    def has_type(self, type_: str) -> bool:
        """Whether the type is there, or nothing is known against it."""
        return self.parameters is None or type_ in self.parameters

    def has_parameter(self, type_: str, name: str) -> bool:
        """Whether the type can be searched by `name`, for sure."""
        return self.parameters is not None and name in self.parameters.get(type_, ())


def read_capability(client: FhirClient) -> tuple[Capability, Answer]:
    """What the server states, and its answer, the first one of a pull.

    Raises:
        SourceError: the server cannot be reached, wants a token, or answers with HTML.
    """
    return client.exchange(Request("capability statement", f"{client.base}/metadata"), _read)


def _read(answer: Answer) -> tuple[Capability, Answer]:
    answer.body  # noqa: B018  reads it, so that a truncated one is tried again
    if answer.status in (401, 403):
        check_status(answer)
    try:
        statement = read_json(answer, msgspec.json.Decoder(_Statement).decode)
    except SourceError as error:
        if error.kind == "html-body":
            raise
        return Capability(None), answer
    found = {
        resource.type: frozenset(parameter.name for parameter in resource.search_param)
        for rest in statement.rest
        for resource in rest.resource
    }
    return Capability(found or None), answer
