"""What must hold of every resource that we send, checked on each of them before it is kept.

Source: the constraints of FHIR R4 named at each check, and our own where R4 is silent.
"""

import re
from collections.abc import Iterator
from typing import Any

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_URI = re.compile(r"\S+")
_MOST = 2**31 - 1
_LONGEST_TEXT = 1_048_576
_TEXT_URIS = frozenset({"url", "system", "measure"})

Json = dict[str, Any]


class InvalidResourceError(Exception):
    """A resource of our own making is not as it must be: our fault, and nothing of the release is kept."""


def check_resource(resource: Json) -> None:
    """Raises InvalidResourceError with every failure, by path; no value of the resource is in it."""
    check_elements(resource, resource["resourceType"], *_resource(resource))


def check_report_head(head: Json) -> None:
    """As `check_resource`, of a MeasureReport without its group."""
    check_elements(head, head["resourceType"], *_resource(head), *_head(head))


def check_elements(element: Any, path: str, *others: str) -> None:
    """Raises InvalidResourceError with the failures of an element and those in it, and with others that were found."""
    failures: list[str] = []
    _check_element(element, path, failures)
    if failures or others:
        raise InvalidResourceError("; ".join((*failures, *others)))


def _resource(resource: Json) -> Iterator[str]:
    if not _ID.fullmatch(resource["id"]):
        yield "id: not a FHIR id"


def _check_element(element: Any, path: str, failures: list[str]) -> None:
    """Add what does not hold of an element and those in it. A report has ten thousand, so this adds to one list."""
    if isinstance(element, dict):
        failures += _object(element, path)
        for name, value in element.items():
            _check_element(value, f"{path}.{name}", failures)
    elif isinstance(element, list):
        if not element:
            failures.append(f"{path}: an empty array")
        for value in element:
            _check_element(value, path, failures)
    else:
        failures += _primitive(element, path)


def _object(element: Json, path: str) -> Iterator[str]:
    if not element:
        yield f"{path}: an empty object (ele-1)"
    for name in _TEXT_URIS & element.keys():
        if isinstance(element[name], str) and not _URI.fullmatch(element[name]):
            yield f"{path}.{name}: white space in a URI"
    if "code" in element and "value" in element and isinstance(element["code"], str) and "system" not in element:
        yield f"{path}: a quantity's code without a system (qty-3)"
    if "url" in element and "resourceType" not in element:
        values = sum(name.startswith("value") for name in element)
        if values + ("extension" in element) != 1:
            yield f"{path}: an extension has a value or extensions, not both (ext-1)"


def _primitive(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield f"{path}: null"
    elif isinstance(value, str) and not (value.strip() and len(value) <= _LONGEST_TEXT):
        yield f"{path}: empty or too long a text"
    elif isinstance(value, int) and not 0 <= value <= _MOST:
        yield f"{path}: a count that is negative or too large"


def _head(report: Json) -> Iterator[str]:
    if report["type"] != "summary":
        yield "type: a group is of a summary (mrp-1)"
    if report["period"]["start"] > report["period"]["end"]:
        yield "period: it starts after it ends (per-1)"
    if "|" not in report["measure"]:
        yield "measure: no version"
    if "reference" in report["reporter"]:
        yield "reporter: a literal reference"
