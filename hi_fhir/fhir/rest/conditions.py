"""Conditional writes: a search that says which one resource is meant.

Source: FHIR R4 http.html, conditional create and update.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from hi_fhir.fhir.rest.declarations import SearchParameter
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.search import ParsedSearch, parse_search


def read_condition(type_: str, query: str, parameters: Sequence[SearchParameter]) -> ParsedSearch:
    """The condition of an If-None-Exist header, an `ifNoneExist` or the query of a conditional URL.

    Raises:
        FhirError: 400, it cannot be read, or it would match everything; 412 is the caller's to raise.
    """
    pairs = parse_qsl(query.removeprefix(f"{type_}?").removeprefix("?"), keep_blank_values=True)
    condition = parse_search(type_, pairs, parameters)
    if not condition.criteria:
        raise FhirError(400, "a conditional write needs a condition.")
    return condition
