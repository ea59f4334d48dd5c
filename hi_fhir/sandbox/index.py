"""Which resources a code, a patient or an identifier leads to, so that a search need not read the whole type."""

from collections.abc import Iterator
from typing import Any

from hi_fhir.fhir.rest.declarations import ID, PARAMETERS, SearchParameter
from hi_fhir.fhir.rest.search import Criterion, ParsedSearch
from hi_fhir.fhir.rest.values import ReferenceTo, Token, Value, codings

_NAMES = ("identifier", "patient", "code", "combo-code", "vaccine-code")

INDEXED = {
    type_: tuple(parameter for parameter in parameters if parameter.name in _NAMES)
    for type_, parameters in PARAMETERS.items()
}


class Index:
    """Ids of one resource type by parameter and code (of any system) or target id. A hint: hits are tested again."""

    def __init__(self, type_: str) -> None:
        self._parameters = INDEXED[type_]
        self._ids: dict[tuple[str, str], list[str]] = {}

    def add(self, id_: str, resource: dict[str, Any]) -> None:
        for key in self._keys(resource):
            self._ids.setdefault(key, []).append(id_)

    def remove(self, id_: str, resource: dict[str, Any]) -> None:
        for key in self._keys(resource):
            self._ids[key].remove(id_)

    def candidates(self, search: ParsedSearch) -> list[str] | None:
        """The fewest ids that hold every hit of the search, or None where no criterion leads to any."""
        found = [self._of(criterion) for criterion in search.criteria if self._serves(criterion)]
        return min(found, key=len, default=None)

    def _serves(self, criterion: Criterion) -> bool:
        known = criterion.parameter is ID or criterion.parameter in self._parameters
        return known and criterion.modifier != "not" and all(map(_key_of, criterion.values))

    def _of(self, criterion: Criterion) -> list[str]:
        keys = dict.fromkeys(map(_key_of, criterion.values))
        if criterion.parameter is ID:
            return list(keys)
        return list(dict.fromkeys(id_ for key in keys for id_ in self._ids.get((criterion.parameter.name, key), ())))

    def _keys(self, resource: dict[str, Any]) -> dict[tuple[str, str], None]:
        """Each once, however often the resource says it."""
        return dict.fromkeys(
            (parameter.name, key)
            for parameter in self._parameters
            for element in parameter.elements(resource)
            for key in _element_keys(parameter, element)
        )


def _key_of(value: Value) -> str:
    """What the value is found under; empty where it cannot be looked up."""
    match value:
        case Token(code=code):
            return code
        case ReferenceTo(id=id_):
            return id_
        case _:
            return ""


def _element_keys(parameter: SearchParameter, element: Any) -> Iterator[str]:
    if parameter.kind == "token":
        for _, code in codings(element):
            yield code
    elif isinstance(element, dict) and isinstance(element.get("reference"), str) and element["reference"]:
        yield ReferenceTo.of(element["reference"]).id
