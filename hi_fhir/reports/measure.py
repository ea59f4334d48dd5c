"""The Measure resource (R4) of a definition, so that who gets a report can read what it counts."""

from typing import Any

from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.narrative import marked, sentence
from hi_fhir.measures.stratifiers import Crossing, Stratifier
from hi_fhir.reports import concepts
from hi_fhir.reports.basis import USE
from hi_fhir.reports.measure_report import measure_url


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
        **({"disclaimer": " ".join(f"{doubt}." for doubt in marked(measure.doubts))} if measure.doubts else {}),
        "relatedArtifact": [{"type": "citation", "citation": f"{measure.rule_set}: {measure.source}"}],
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
    return {"code": concepts.stratifier(base, one), "criteria": _plain(one.title)}


def _plain(text: str) -> dict[str, str]:
    return {"language": "text/plain", "expression": text}
