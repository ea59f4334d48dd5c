"""What a kick-off of a Bulk Data export asks for, read from its query.

Source: FHIR Bulk Data Access 3.0.0, query parameters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from hi_fhir.fhir.rest.declarations import LAST_UPDATED, PARAMETERS
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import Pair, ParsedSearch, parse_search

NDJSON = "application/fhir+ndjson"

_FORMATS = (NDJSON, "application/ndjson", "ndjson")
_PARAMETERS = ("_outputFormat", "_since", "_type", "_typeFilter")
_COMPARTMENT = tuple(
    type_
    for type_, parameters in PARAMETERS.items()
    if type_ == "Patient" or (type_ != "MeasureReport" and any(one.name == "patient" for one in parameters))
)
"""The types that belong to a patient; a MeasureReport here is of many."""


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for: `searches` by type, of which a resource has to match one; none takes the whole type."""

    types: tuple[str, ...]
    searches: dict[str, tuple[ParsedSearch, ...]]
    since: tuple[ParsedSearch, ...]


def read_request(pairs: Sequence[Pair], *, whole_system: bool) -> ExportRequest:
    """The export that a kick-off asks for; `whole_system` takes types outside the Patient compartment too.

    Raises:
        FhirError: 400, a parameter or type that is not served.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    unknown = given.keys() - set(_PARAMETERS)
    if unknown:
        raise FhirError(400, f"$export has no parameter '{min(unknown)}' here.", code="not-supported")
    if any(text.replace(" ", "+") not in _FORMATS for text in given.get("_outputFormat", ())):
        raise FhirError(400, f"_outputFormat is {NDJSON}.", code="not-supported")
    served = tuple(PARAMETERS) if whole_system else _COMPARTMENT
    types = tuple(type_ for text in given.get("_type", ()) for type_ in text.split(",")) or served
    if not set(types) <= set(served):
        raise FhirError(400, f"_type is among {', '.join(sorted(served))} here.", code="not-supported")
    return ExportRequest(types, _filters(given.get("_typeFilter", ())), _since(given.get("_since", ())))


def _since(texts: Sequence[str]) -> tuple[ParsedSearch, ...]:
    """`_since` as a search on lastUpdated."""
    return tuple(parse_search("Resource", [("_lastUpdated", f"ge{text}")], [LAST_UPDATED]) for text in texts)


def _filters(texts: Sequence[str]) -> dict[str, tuple[ParsedSearch, ...]]:
    """Searches by type from `_typeFilter`, whose queries are written as in a URL."""
    found: dict[str, tuple[ParsedSearch, ...]] = {}
    for type_, query in _queries(texts):
        if type_ not in PARAMETERS:
            raise FhirError(400, "a _typeFilter is of a resource type that is not served.", code="not-supported")
        search = parse_search(type_, parse_qsl(query, keep_blank_values=True), PARAMETERS[type_])
        found[type_] = (*found.get(type_, ()), search)
    return found


def _queries(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        type_, _, query = text.partition("?")
        yield type_, query
