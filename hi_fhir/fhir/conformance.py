"""What a server says it can do, where it says anything: some good ones have no /metadata."""

import re

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.responses import FhirResponse, read_json

_SEARCH = "search-type"
_VERSION = re.compile(r"R?(\d+)\b", re.ASCII)
_STATEMENT = "CapabilityStatement"
_OLD = "Conformance"  # what a CapabilityStatement was called before FHIR 3


class _Named(msgspec.Struct):
    name: str = ""


class _Interaction(msgspec.Struct):
    code: str = ""


class _Resource(msgspec.Struct, rename="camel"):
    type: str = ""
    search_param: list[_Named] = []
    interaction: list[_Interaction] = []


class _Rest(msgspec.Struct):
    mode: str = "server"
    resource: list[_Resource] = []


class _Implementation(msgspec.Struct):
    url: str | None = None


class _Statement(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    fhir_version: str = ""
    implementation: _Implementation | None = None
    rest: list[_Rest] = []


class Capability(msgspec.Struct, frozen=True):
    """parameters: search parameters by resource type; None where the server states nothing. unsearchable: types that it
    has, and says that they cannot be searched. version: of FHIR, empty where it says none. url: its own base.
    is_stated: whether there is a statement at all, however little it says.
    """

    parameters: dict[str, frozenset[str]] | None
    unsearchable: frozenset[str] = frozenset()
    version: str = ""
    url: str | None = None
    is_stated: bool = False

    def has_type(self, type_: str) -> bool:
        """Whether the type is there, or nothing is known against it."""
        return self.parameters is None or type_ in self.parameters

    def has_parameter(self, type_: str, name: str) -> bool:
        """Whether the type can be searched by `name`, for sure."""
        return self.parameters is not None and name in self.parameters.get(type_, ())

    def missing(self, type_: str) -> str | None:
        """Why the type cannot be had at all, in words."""
        return None if self.has_type(type_) else "its capability statement does not name the type"

    def unsearched(self, type_: str) -> str | None:
        """Why the type cannot be searched, in words."""
        if type_ in self.unsearchable:
            return "its capability statement gives the type no search"
        return self.missing(type_)


def read_capability(client: FhirClient) -> tuple[Capability, FhirResponse]:
    """What the server states, and its response, the first one of a pull. One that keeps it to itself states nothing.

    Raises:
        SourceError: the server cannot be reached, answers with HTML, or speaks another version of FHIR.
    """
    return client.exchange(Request("capability statement", f"{client.base}/metadata"), _read)


def _read(response: FhirResponse) -> tuple[Capability, FhirResponse]:
    if response.status < 300:
        response.body  # noqa: B018  reads it, so that a truncated one is tried again
    try:
        statement = read_json(response, msgspec.json.Decoder(_Statement).decode)
    except SourceError as error:
        if error.kind == "html-body":
            raise
        return Capability(None), response
    _check_version(statement, response)
    resources = [resource for rest in statement.rest if rest.mode == "server" for resource in rest.resource]
    found = {resource.type: frozenset(parameter.name for parameter in resource.search_param) for resource in resources}
    unsearchable = frozenset(
        resource.type
        for resource in resources
        if resource.interaction and _SEARCH not in {one.code for one in resource.interaction}
    )
    own = statement.implementation
    is_stated = statement.resource_type == _STATEMENT
    version = statement.fhir_version[:20]
    return Capability(found or None, unsearchable, version, own.url if own else None, is_stated), response


def _check_version(statement: _Statement, response: FhirResponse) -> None:
    """Raise SourceError where the server says that it speaks no FHIR R4 (4.0, or 4.3, whose differences are not read).

    Nothing of another version is read as R4: its elements have other names, and what is not found would count as 0.
    """
    number = _VERSION.match(statement.fhir_version.strip())
    is_old = statement.resource_type == _OLD
    if is_old or (number is not None and number[1] != "4"):
        said = number and statement.fhir_version.strip()[:20]
        raise response.error(
            "fhir-version", f"says that the server speaks FHIR {said or 'DSTU2'}, and R4 (4.0) is read here"
        )
