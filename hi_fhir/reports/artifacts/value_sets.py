"""The value sets that measures find records by, as R4 ValueSets: codes alone, since terms are not ours to give."""

from collections.abc import Iterable, Iterator

from hi_fhir.core.files import content_name
from hi_fhir.reports.artifacts.naming import Json, canonical, headed, pascal
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import read_head

TYPE = "ValueSet"
ETHNICITY = "codes-of-ethnicity"
"""All codes that say an ethnicity, or that it was not stated; of our maps and of no file of its own."""
_DIGITS = 16


def value_set_resources(base: str, terminology: Terminology) -> Iterator[Json]:
    """Each value set, in order of id, and that of ethnicity. One whose list is missing has no codes, and says so."""
    yield ethnicity_resource(base, terminology)
    for id_, value_set in sorted(terminology.value_sets.items()):
        include = included(value_set.codes)
        resource = headed(base, TYPE, id_, read_head(terminology.value_set_files[id_]))
        yield resource | ({"compose": {"include": include}} if include else {})


def ethnicity_resource(base: str, terminology: Terminology) -> Json:
    """Its version is a digest of the codes."""
    include = _ethnicity_codes(terminology)
    return {
        "resourceType": TYPE,
        "id": ETHNICITY,
        "url": canonical(base, TYPE, ETHNICITY),
        "version": _version(include),
        "name": pascal(ETHNICITY),
        "title": "Codes that say an ethnicity",
        "status": "active",
        "description": "What a ConceptMap here takes to an ethnic category, or to not stated or refused.",
        "compose": {"include": include},
    }


def _ethnicity_codes(terminology: Terminology) -> list[Json]:
    return included(terminology.ethnicity().meanings)


def _version(include: list[Json]) -> str:
    return content_name(include, _DIGITS)


def included(codes: Iterable[Coding]) -> list[Json]:
    """Codes as a ValueSet names them: by system, in order of system and code."""
    by_system: dict[str, list[str]] = {}
    for system, code in sorted(codes):
        by_system.setdefault(system, []).append(code)
    return [{"system": system, "concept": [{"code": code} for code in own]} for system, own in by_system.items()]


def value_set_canonical(base: str, terminology: Terminology, id_: str) -> str:
    """With its version."""
    if id_ == ETHNICITY:
        return f"{canonical(base, TYPE, id_)}|{_version(_ethnicity_codes(terminology))}"
    return f"{canonical(base, TYPE, id_)}|{terminology.value_set(id_).version}"
