"""Our extensions and code systems as R4 resources, so that whoever validates a report finds what it names.

StructureDefinitions are differentials alone; who validates makes the snapshots. Source: FHIR R4 StructureDefinition,
its constraints sdf-5, sdf-8 and sdf-14, and Extension.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hi_fhir.measures.model import Measure
from hi_fhir.reports.extensions import Json, definition
from hi_fhir.reports.vocabulary import EXTENSIONS, Codes, Extension, Part, code_systems

VERSION = "1"
"""Of every definition; raised when what one of them means is changed."""

_BASE = "http://hl7.org/fhir/StructureDefinition/Extension"


def definitions(base: str, measures: Sequence[Measure]) -> list[Json]:
    """All of them, in the same order always. base: of the deployment's canonical URLs."""
    extensions = [_structure(base, extension) for extension in EXTENSIONS]
    return [*extensions, *(_code_system(base, codes) for codes in code_systems(base, measures))]


def _structure(base: str, extension: Extension) -> Json:
    return {
        "resourceType": "StructureDefinition",
        "id": extension.name,
        "url": definition(base, extension.name),
        "version": VERSION,
        "name": _pascal(extension.name),
        "title": _title(extension.name),
        "status": "active",
        "description": extension.told,
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": expression} for expression in extension.contexts],
        "type": "Extension",
        "baseDefinition": _BASE,
        "derivation": "constraint",
        "differential": {"element": [*_elements(base, extension)]},
    }


def _elements(base: str, extension: Extension) -> Iterator[Json]:
    """What the extension says beyond what every extension does, in the order of Extension's elements."""
    most = "*" if extension.repeats else "1"
    yield _element("Extension", short=_title(extension.name), definition=extension.told, min=0, max=most)
    if extension.kind:
        yield _element("Extension.extension", max="*" if extension.kind == "integer" else "0")
    else:
        yield _element("Extension.extension", min=1)
        for part in extension.parts:
            yield from _part(part)
    yield _element("Extension.url", fixedUri=definition(base, extension.name))
    if extension.kind:
        yield _element("Extension.value[x]", type=[{"code": extension.kind}])
    else:
        yield _element("Extension.value[x]", max="0")


def _part(part: Part) -> Iterator[Json]:
    """A part as a slice of the extensions within; Extension cuts them by their URL itself."""
    path, id_ = "Extension.extension", f"Extension.extension:{part.name}"
    most = {"max": "*" if part.repeats else "1"}
    yield {"id": id_, "path": path, "sliceName": part.name, "min": 0, **most}
    yield {"id": f"{id_}.url", "path": f"{path}.url", "fixedUri": part.name}
    if part.kind:
        yield {"id": f"{id_}.value[x]", "path": f"{path}.value[x]", "type": [{"code": part.kind}]}


def _element(path: str, **says: Any) -> Json:
    return {"id": path, "path": path, **says}


def _code_system(base: str, codes: Codes) -> Json:
    return {
        "resourceType": "CodeSystem",
        "id": codes.name,
        "url": f"{base}/CodeSystem/{codes.name}",
        "version": VERSION,
        "name": _pascal(codes.name),
        "title": codes.title,
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
        "count": len(codes.codes),
        "concept": [{"code": code, "display": label} for code, label in codes.codes],
    }


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()
