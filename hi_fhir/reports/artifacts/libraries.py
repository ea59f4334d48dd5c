"""The logic of a measure as an R4 Library, which its Measure names: our words, as sentences and as data.

Source: FHIR R4 Library; library-type and its codes are HL7's.
"""

from base64 import b64encode
from collections.abc import Iterator

from hi_fhir.core.files import canonical_json
from hi_fhir.measures.digests import rendered
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.narrative import sentence, strata_told
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.reports.artifacts.naming import Json, pascal
from hi_fhir.reports.artifacts.value_sets import value_set_canonical
from hi_fhir.reports.concepts import concept
from hi_fhir.reports.definitions import library_url
from hi_fhir.terminology.catalogue import Terminology

TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/library-type"


def library_resource(base: str, measure: Measure, terminology: Terminology) -> Json:
    """The populations and strata of a measure. It has the measure's id and version."""
    return {
        "resourceType": "Library",
        "id": measure.id,
        "url": library_url(base, measure.id),
        "version": measure.version,
        "name": pascal(measure.id),
        "title": f"{measure.title}: logic",
        "status": "active",
        "experimental": not measure.is_reviewed,
        "type": concept(TYPE_SYSTEM, "logic-library"),
        "description": "Who is in which population and stratum, as sentences, and as the words that decide it.",
        "relatedArtifact": [
            *depends_on(base, measure, terminology),
            {"type": "citation", "citation": f"{measure.rule_set}: {measure.source}"},
        ],
        "content": [
            _content("text/plain", _sentences(measure, terminology)),
            _content("application/json", _words(measure)),
        ],
    }


def depends_on(base: str, measure: Measure, terminology: Terminology) -> Iterator[Json]:
    """The value sets that decide the measure's numbers."""
    for id_ in value_sets(measure):
        yield {"type": "depends-on", "resource": value_set_canonical(base, terminology, id_)}


def _sentences(measure: Measure, terminology: Terminology) -> bytes:
    titles = terminology.own_titles()
    lines = [f"{name.replace('_', ' ')}: {sentence(word, titles)}" for name, word in measure.populations()]
    for one in measure.single_stratifiers:
        lines += [f"{one.id} {stratum}: {told}" for stratum, told in strata_told(one, titles).items()]
    return "".join(f"{line}\n" for line in lines).encode()


def _words(measure: Measure) -> bytes:
    populations = {name: rendered(word) for name, word in measure.populations()}
    return canonical_json({"populations": populations, "stratifiers": [rendered(one) for one in measure.stratifiers]})


def _content(kind: str, said: bytes) -> Json:
    return {"contentType": kind, "data": b64encode(said).decode()}
