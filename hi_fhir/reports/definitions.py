"""What reports name, as R4 resources: the Measure of a definition, and our own extensions and code systems.

So who gets a report can read what it counts, and who validates it finds what it names. StructureDefinitions are
differentials alone; who validates makes the snapshots. Source: FHIR R4 StructureDefinition, constraints sdf-5, sdf-8,
sdf-14, and Extension.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.narrative import marked, sentence, strata_told
from hi_fhir.measures.stratifiers import Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import USE
from hi_fhir.reports.concepts import Json, definition
from hi_fhir.reports.measure_report import measure_url
from hi_fhir.reports.vocabulary import EXTENSIONS, Nested, OwnCodeSystem, OwnExtension, code_systems

VERSION = "1"
"""Of every definition; raised when what one of them means is changed."""

_BASE = "http://hl7.org/fhir/StructureDefinition/Extension"


def definitions(base: str, measures: Sequence[Measure]) -> list[Json]:
    """All of them, in the same order always. base: of the deployment's canonical URLs."""
    extensions = [_structure(base, extension) for extension in EXTENSIONS]
    return [*extensions, *(_code_system(base, codes) for codes in code_systems(base, measures))]


def _structure(base: str, extension: OwnExtension) -> Json:
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


def _elements(base: str, extension: OwnExtension) -> Iterator[Json]:
    """What the extension says beyond what every extension does, in the order of Extension's elements."""
    most = "*" if extension.repeats else "1"
    yield _element("Extension", short=_title(extension.name), definition=extension.told, min=0, max=most)
    if extension.kind:
        yield _element("Extension.extension", max="*" if extension.kind == "integer" else "0")
    else:
        yield _element("Extension.extension", min=1)
        for part in extension.parts:
            yield from _part(base, part)
    yield _element("Extension.url", fixedUri=definition(base, extension.name))
    if extension.kind:
        yield _element("Extension.value[x]", type=[{"code": extension.kind}])
    else:
        yield _element("Extension.value[x]", max="0")


def _part(base: str, part: Nested) -> Iterator[Json]:
    """A part as a slice of the extensions within; Extension cuts them by their URL itself."""
    path, id_ = "Extension.extension", f"Extension.extension:{part.name}"
    most = {"max": "*" if part.repeats else "1"}
    yield {"id": id_, "path": path, "sliceName": part.name, "min": 0, **most}
    yield {"id": f"{id_}.url", "path": f"{path}.url", "fixedUri": part.name}
    if part.kind:
        told = {"definition": f"A code of {base}/CodeSystem/{part.codes}."} if part.codes else {}
        yield {"id": f"{id_}.value[x]", "path": f"{path}.value[x]", **told, "type": [{"code": part.kind}]}


def _element(path: str, **says: Any) -> Json:
    return {"id": path, "path": path, **says}


def _code_system(base: str, codes: OwnCodeSystem) -> Json:
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


def library_url(base: str, measure_id: str) -> str:
    """Of the Library that says a measure's logic."""
    return f"{base}/Library/{measure_id}"


def measure_resource(base: str, measure: Measure) -> dict[str, Any]:
    """The measure as an R4 Measure, with its populations as sentences."""
    return {
        "resourceType": "Measure",
        "id": measure.id,
        "url": measure_url(base, measure.id),
        "version": measure.version,
        "name": "".join(word.capitalize() for word in measure.id.split("-")),
        "title": measure.title,
        "status": "active",
        "experimental": not measure.is_reviewed,
        "description": measure.description,
        "usage": USE,
        **({"disclaimer": " ".join(f"{caveat}." for caveat in marked(measure.caveats))} if measure.caveats else {}),
        "relatedArtifact": [{"type": "citation", "citation": f"{measure.rule_set}: {measure.source}"}],
        "library": [f"{library_url(base, measure.id)}|{measure.version}"],
        "scoring": concepts.concept(concepts.SCORING_SYSTEM, measure.scoring),
        **({"improvementNotation": concepts.improvement(measure)} if measure.has_score else {}),
        "group": [
            {
                "code": concepts.measure_group(base, measure),
                "population": _populations(measure),
                "stratifier": [
                    *(_area_stratifier(base, id_) for id_ in concepts.AREAS),
                    *(_stratifier(base, one) for one in measure.stratifiers),
                ],
            }
        ],
    }


def _populations(measure: Measure) -> list[dict[str, Any]]:
    sentences = {name: sentence(word) for name, word in measure.populations()}
    sentences.setdefault("denominator", "in the initial population")
    return [
        {"code": concepts.population(name), "criteria": _plain(sentences[name])}
        for name in concepts.defined_populations(measure)
    ]


def _area_stratifier(base: str, id_: str) -> dict[str, Any]:
    return {
        "code": concepts.area_stratifier(base, id_),
        "description": "In reports of those that have several.",
        "criteria": _plain(concepts.AREAS[id_]),
    }


def _stratifier(base: str, one: Stratifier | Crossing) -> dict[str, Any]:
    if isinstance(one, Crossing):
        return {"component": [_stratifier(base, part) for part in one.parts]}
    strata = "; ".join(f"{stratum}: {who}" for stratum, who in strata_told(one).items())
    return {
        "code": concepts.stratifier(base, one),
        "criteria": _plain(f"{one.title}: {strata}" if strata else one.title),
    }


def _plain(text: str) -> dict[str, str]:
    return {"language": "text/plain", "expression": text}
