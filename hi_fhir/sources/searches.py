"""A search as it is planned and asked for: by type, for some by codes, in slices by the instant of the last update."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlencode

import msgspec

from hi_fhir.core.errors import SourceError
from hi_fhir.fhir.client import FhirClient, Request
from hi_fhir.fhir.rest.spelling import written, written_alternatives
from hi_fhir.sources.pages import Parameter, dropped_parameter
from hi_fhir.terminology.codings import Coding

CODE_PARAMETERS = {
    "Condition": "code",
    "Immunization": "vaccine-code",
    "MedicationRequest": "code",
    "Observation": "combo-code",  # a component's code asks for its Observation too
    "Procedure": "code",
}
"""The search parameter that finds every record whose codes are in a scope; without it the whole type is taken."""

_CODES_A_SEARCH = 1_000
_MOST_CODES = 4_000  # beyond, the whole type is less work than so many searches
_LONGEST_ADDRESS = 1_900  # IIS takes 2,048 characters of a query unless it is told otherwise, the least of the usual


class Slice(msgspec.Struct, frozen=True):
    """What of a search was last updated from `since` on and before `before`, None being open. count: if known."""

    since: str | None = None
    before: str | None = None
    count: int | None = None

    @property
    def is_late(self) -> bool:
        """Whether it takes what is updated while the others are read."""
        return self.since is not None and self.before is None


class TypeSearch(msgspec.Struct, frozen=True):
    """One search. codes: values of `parameter`, none for the whole type. count: what the server said.

    posted: whether its parameters go as a form, where it names codes; a server need not take one.
    """

    type: str
    parameter: str | None
    codes: tuple[str, ...]
    count: int | None
    slices: tuple[Slice, ...]
    posted: bool = True

    @property
    def is_form(self) -> bool:
        return self.posted and self.parameter is not None


def whole_type(type_: str) -> TypeSearch:
    return TypeSearch(type_, None, (), None, (Slice(),))


def code_search(type_: str, codings: Iterable[Coding]) -> TypeSearch:
    """One search for all the codes; of the whole type where no search parameter finds them.

    Codes alone, since a server finds a system only by the name that the record has for it, and it goes by many. What
    else has such a code is left out when it is read, as out of scope.
    """
    return _code_search(type_, _codes(codings))


def searches_by_code(type_: str, codings: Iterable[Coding]) -> Iterator[TypeSearch]:
    """Searches for some codes each, which may find a record twice; the whole type where the codes are too many."""
    codes = _codes(codings)
    if len(codes) > _MOST_CODES:
        yield whole_type(type_)
        return
    for start in range(0, len(codes), _CODES_A_SEARCH):
        yield _code_search(type_, codes[start : start + _CODES_A_SEARCH])


def _code_search(type_: str, codes: tuple[str, ...]) -> TypeSearch:
    parameter = CODE_PARAMETERS.get(type_)
    return TypeSearch(type_, parameter, codes, None, (Slice(),)) if parameter else whole_type(type_)


def _codes(codings: Iterable[Coding]) -> tuple[str, ...]:
    return tuple(sorted({coding.code for coding in codings}))


def filters(search: TypeSearch, slice_: Slice) -> list[Parameter]:
    """What a search and its slice ask for."""
    found = []
    if search.parameter:
        found.append((search.parameter, written_alternatives(map(written, search.codes))))
    if slice_.since:
        found.append(("_lastUpdated", f"ge{slice_.since}"))
    if slice_.before:
        found.append(("_lastUpdated", f"lt{slice_.before}"))
    return found


def request_of(
    client: FhirClient, search: TypeSearch, parameters: Sequence[Parameter], *, spare: bool = False
) -> Request:
    """A search by GET, or by POST where it names codes and the server takes it so."""
    what, query = f"search of {search.type}", urlencode(parameters)
    if not search.is_form:
        return Request(what, f"{client.base}/{search.type}?{query}", spare=spare)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(what, f"{client.base}/{search.type}/_search", "POST", form, query.encode(), spare=spare)


def fits_an_address(client: FhirClient, search: TypeSearch) -> bool:
    """Whether the search by GET is short enough for what servers and proxies take as an address."""
    return len(client.base) + len(search.type) + len(urlencode(filters(search, Slice()))) <= _LONGEST_ADDRESS


def check_self_link(client: FhirClient, search: TypeSearch, slice_: Slice, self_link: str | None) -> None:
    """Raise SourceError where the server did not do the search that it was asked for."""
    dropped = dropped_parameter(filters(search, slice_), self_link, posted=search.is_form)
    if dropped:
        raise SourceError(
            f"{client.name}: search of {search.type}: the server passed over the parameter {dropped}, so it answers "
            "another question. It cannot be pulled from by search; try pull_method = export.",
            kind="dropped-parameter",
        )
