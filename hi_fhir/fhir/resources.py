"""The one import of fhir.resources: a second opinion, by other people's models, on what we are about to send.

Its R4B models read R4's MeasureReport, Measure and Organization, whose elements are the same. They are slow and let
much pass, so our own checks run on every resource and these once for each shape.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class


class ShapeChecker:
    """Parses a resource with the R4B models unless every path in it was in one that parsed before."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.parsed = 0

    def check(self, resource: dict[str, Any]) -> None:
        """Raises pydantic's ValidationError where the models do not take the resource."""
        self.check_paths(paths_of(resource), lambda: resource)

    def check_paths(self, paths: set[str], read: Callable[[], dict[str, Any]]) -> None:
        """As `check`, of a resource of which the paths are known; it is read where it has to be parsed."""
        if paths <= self._seen:
            return
        _model(read())
        self.parsed += 1
        self._seen |= paths


def paths_of(element: Any, path: str = "") -> set[str]:
    """The paths of everything in an element, places in arrays left out. path: of the element; "": its resource's."""
    paths: set[str] = set()
    _add_paths(element, path or element["resourceType"], paths)
    return paths


def round_trip(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as the R4B models read and write it.

    Raises:
        ValidationError: of pydantic, where they do not take it.
    """
    return dict(_model(resource).model_dump())


def _model(resource: dict[str, Any]) -> Any:
    return get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def _add_paths(element: object, path: str, paths: set[str]) -> None:
    """Add the paths of everything in the element, places in arrays left out."""
    if isinstance(element, dict):
        for name, value in element.items():
            _add_paths(value, f"{path}.{name}", paths)
    elif isinstance(element, list):
        for value in element:
            _add_paths(value, path, paths)
    else:
        paths.add(path)


class KnownElements(NamedTuple):
    """Of a resource type: elements that it cannot be without, and those of its summary."""

    mandatory: frozenset[str]
    summary: frozenset[str]


@lru_cache(maxsize=64)
def known_elements(type_: str) -> KnownElements:
    """The elements that R4B says a resource of the type has to have, and those that it says are of its summary."""
    mandatory, summary = set(), set()
    for name, field in get_fhir_model_class(type_).model_fields.items():
        said = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if field.is_required() or said.get("element_required"):
            mandatory.add(field.alias or name)
        if said.get("summary_element_property"):
            summary.add(field.alias or name)
    return KnownElements(frozenset(mandatory), frozenset(summary))
