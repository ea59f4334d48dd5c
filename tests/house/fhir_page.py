"""docs/reference/fhir.md: the FHIR interface, as the service's CapabilityStatement and OperationDefinitions tell it."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from hi_fhir.measures import registry
from hi_fhir.reports.artifacts.served import served_artifacts
from hi_fhir.store.session import Store
from hi_fhir.terminology.catalogue import load
from tests.support.serving import whole_service

Json = dict[str, Any]
_BASE = "https://fhir.example"
_DID = {
    "read": "read",
    "vread": "read a version",
    "history-instance": "history",
    "search-type": "search",
    "create": "create",
    "update": "update",
    "delete": "delete",
}
_BY = "What is served under `/fhir`, by the service's own CapabilityStatement (`/fhir/metadata`). How to start it: "


def fhir_page(written: str) -> str:
    statement = _statement()
    [rest] = statement["rest"]
    artifacts = served_artifacts(_BASE, registry.load(), load())
    lines = [
        "# The FHIR interface\n",
        written,
        f"{_BY}[serve](../how-to/serve.md). FHIR {statement['fhirVersion']}, as {_codes(statement['format'])}.",
        f"{rest['documentation']}\n" if rest.get("documentation") else "",
        *_types(rest["resource"], artifacts),
    ]
    for one in rest["resource"]:
        lines += _type(one)
    for one in artifacts:
        if one["resourceType"] == "OperationDefinition":
            lines += _operation(one)
    return "\n".join(lines)


def _statement() -> Json:
    """Of a service for registered clients, whose store is never asked."""
    store = Store(create_engine("sqlite://", poolclass=NullPool))
    with tempfile.TemporaryDirectory() as keys:
        found: Json = whole_service(store, Path(keys), has_clients=True).get("/fhir/metadata").get_json()
    return found


def _types(resources: Iterable[Json], artifacts: Iterable[Json]) -> Iterator[str]:
    kept = [one["resourceType"] for one in artifacts]
    yield "| type | what can be done | how many are shipped |"
    yield "|---|---|---:|"
    for one in resources:
        done = ", ".join(_DID[interaction["code"]] for interaction in one["interaction"])
        yield f"| {one['type']} | {done} | {kept.count(one['type']) or ''} |"
    yield ""


def _type(one: Json) -> Iterator[str]:
    yield f"## {one['type']}\n"
    if one.get("documentation"):
        yield f"{one['documentation']}\n"
    yield f"Searched by {', '.join(map(_parameter, one['searchParam']))}.\n"
    for name, title in (("searchInclude", "`_include`"), ("searchRevInclude", "`_revinclude`")):
        if one.get(name):
            yield f"{title}: {_codes(one[name])}.\n"
    for operation in one.get("operation", ()):
        yield f"Operation `${operation['name']}`: {_told(operation['definition'])}\n"


def _parameter(one: Json) -> str:
    told = f"; {one['documentation']}" if one.get("documentation") else ""
    return f"`{one['name']}` ({one['type']}{told})"


def _told(url: str) -> str:
    own = url.rpartition("/")[2]
    return f"`{url}`" if "hl7.org" in url else f"[below](#{own})"


def _operation(one: Json) -> Iterator[str]:
    yield f"## {one['id']}\n"
    places = [f"`{one['resource'][0]}{place}/${one['code']}`" for place, offered in _places(one) if offered]
    yield f"{' and '.join(places)}, by GET or POST. {one['description']} After `{one['base']}`.\n"
    yield "| parameter | | how often | type | |"
    yield "|---|---|---|---|---|"
    for parameter in one["parameter"]:
        often = f"{parameter['min']}..{parameter['max']}"
        told = _cell(parameter.get("documentation", ""))
        yield f"| `{parameter['name']}` | {parameter['use']} | {often} | {parameter['type']} | {told} |"
    yield ""


def _places(one: Json) -> tuple[tuple[str, bool], ...]:
    return ("", one["type"]), ("/<id>", one["instance"])


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
