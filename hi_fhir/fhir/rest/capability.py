"""The CapabilityStatement, built from the same declarations that searches are read with, so it cannot overstate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hi_fhir import __version__
from hi_fhir.fhir.rest.controls import Offered
from hi_fhir.fhir.rest.declarations import SearchParameter

_KINDS = {"canonical": "reference"}


@dataclass(frozen=True)
class Service:
    """What a server does. `resources`: type to its search parameters; `interactions`: what each of them takes.
    `others`: resources of the statement that are spelt already.

    `offered`: type to what may go along with what is found.

    `operations`: name to the address of its definition; `type_operations`: the same of a type.
    `documentation`: what else a client should know; `documented`: the same of a type.
    """

    title: str
    url: str
    date: date
    resources: Mapping[str, Sequence[SearchParameter]]
    others: Sequence[Mapping[str, Any]] = ()
    interactions: Sequence[str] = ("read", "search-type")
    system_interactions: Sequence[str] = ()
    operations: Mapping[str, str] | None = None
    type_operations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    conditional_writes: bool = False
    documentation: str | None = None
    documented: Mapping[str, str] = field(default_factory=dict)
    offered: Mapping[str, Offered] = field(default_factory=dict)


def capability_statement(service: Service) -> dict[str, Any]:
    rest: dict[str, Any] = {
        "mode": "server",
        "resource": sorted(
            [*(_resource(service, type_, found) for type_, found in service.resources.items()), *service.others],
            key=lambda resource: str(resource["type"]),
        ),
    }
    if service.documentation:
        rest["documentation"] = service.documentation
    if service.system_interactions:
        rest["interaction"] = [{"code": code} for code in service.system_interactions]
    if service.operations:
        rest["operation"] = [{"name": name, "definition": url} for name, url in service.operations.items()]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": service.date.isoformat(),
        "kind": "instance",
        "software": {"name": "hi_fhir", "version": __version__},
        "implementation": {"description": service.title, "url": service.url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }


def _resource(service: Service, type_: str, parameters: Sequence[SearchParameter]) -> dict[str, Any]:
    operations = [{"name": name, "definition": url} for name, url in service.type_operations.get(type_, {}).items()]
    offered = service.offered.get(type_, Offered())
    along = (("searchInclude", offered.included), ("searchRevInclude", offered.reversed))
    writes = {"conditionalCreate": True, "conditionalUpdate": True} if service.conditional_writes else {}
    told = {"documentation": service.documented[type_]} if type_ in service.documented else {}
    return {
        "type": type_,
        **told,
        "interaction": [{"code": code} for code in service.interactions],
        "versioning": "versioned",
        "readHistory": "vread" in service.interactions,
        **writes,
        **({"operation": operations} if operations else {}),
        "searchParam": [
            {"name": parameter.name, "type": _KINDS.get(parameter.kind, parameter.kind)} for parameter in parameters
        ],
        **{name: [one.text for one in found] for name, found in along if found},
    }
