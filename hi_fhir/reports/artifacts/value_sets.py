"""The value sets that measures find records by, as R4 ValueSets: codes alone, since terms are not ours to give."""

from collections.abc import Iterable, Iterator

from hi_fhir.reports.artifacts.naming import Json, canonical, headed
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.data_files import read_head

TYPE = "ValueSet"


def value_set_resources(base: str, terminology: Terminology) -> Iterator[Json]:
    """Each value set, in order of id. One whose list is missing has no codes, and says so."""
    for id_, value_set in sorted(terminology.value_sets.items()):
        include = included(value_set.codes)
        resource = headed(base, TYPE, id_, read_head(terminology.value_set_files[id_]))
        yield resource | ({"compose": {"include": include}} if include else {})


def included(codes: Iterable[Coding]) -> list[Json]:
    """Codes as a ValueSet names them: by system, in order of system and code."""
    by_system: dict[str, list[str]] = {}
    for system, code in sorted(codes):
        by_system.setdefault(system, []).append(code)
    return [{"system": system, "concept": [{"code": code} for code in own]} for system, own in by_system.items()]


def value_set_canonical(base: str, terminology: Terminology, id_: str) -> str:
    """With its version."""
    return f"{canonical(base, TYPE, id_)}|{terminology.value_set(id_).version}"
