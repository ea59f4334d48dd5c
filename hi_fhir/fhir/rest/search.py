"""A search as FHIR writes it in a query, read into criteria, and the one test of a resource against them.

Repeated parameters must all hold; values between commas are alternatives. What is not understood is refused, or with
`Prefer: handling=lenient` left out of the search and so of the self link.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hi_fhir.fhir.rest import spelling
from hi_fhir.fhir.rest.controls import CONTROLS, Inclusion, Offered, check_controls, read_control
from hi_fhir.fhir.rest.declarations import SearchParameter
from hi_fhir.fhir.rest.outcomes import FhirError
from hi_fhir.fhir.rest.values import BY_MODIFIER, READERS, Missing, ReferenceIdentifier, ReferenceTo, Value, matcher_of

Pair = tuple[str, str]

DEFAULT_COUNT = 50
MAX_COUNT = 1000
_OF_THE_ANSWER = ("_format", "_pretty")


@dataclass(frozen=True)
class Criterion:
    """One parameter as asked for: any of `values` has to match an element that it reads, or none with `:not`."""

    parameter: SearchParameter
    modifier: str | None
    values: tuple[Value, ...]

    def holds(self, resource: dict[str, Any]) -> bool:
        elements = list(self.parameter.elements(resource))
        if self.modifier == "missing":
            elements = elements[:1] or [None]
        return any(map(self._is_match, elements)) != (self.modifier == "not")

    @cached_property
    def _is_match(self) -> Callable[[Any], bool]:
        return matcher_of(self.values)


@dataclass(frozen=True)
class ParsedSearch:
    """`pairs`: what was understood, as it was written, but for a page size that was lowered. `count`: the page size.

    `sort`: parameter names, `-` descending. `count_only`: no resources, just how many there are; `with_total`: say how
    many beside them; None: nothing was said of it. `elements`, `summary`: the parts of resources that are wanted, else
    the whole. `included`, `reversed`: what goes along.
    """

    type: str
    criteria: tuple[Criterion, ...]
    pairs: tuple[Pair, ...]
    count: int = DEFAULT_COUNT
    count_only: bool = False
    with_total: bool | None = None
    sort: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    summary: str | None = None
    included: tuple[Inclusion, ...] = ()
    reversed: tuple[Inclusion, ...] = ()

    def matches(self, resource: dict[str, Any]) -> bool:
        return all(criterion.holds(resource) for criterion in self.criteria)


_NOTHING = Offered()
_NUL = "\0"
"""PostgreSQL keeps no text with it, and takes none to compare with."""


def parse_search(
    type_: str,
    pairs: Iterable[Pair],
    parameters: Sequence[SearchParameter],
    *,
    lenient: bool = False,
    offered: Offered = _NOTHING,
    most: int = MAX_COUNT,
) -> ParsedSearch:
    """The search of `type_` that the decoded query `pairs` ask for. most: the largest page.

    Raises:
        FhirError: 400, a parameter, modifier or value that is not understood (lenient: only values are refused).
    """
    known = {parameter.name: parameter for parameter in parameters}
    criteria: list[Criterion] = []
    understood: list[Pair] = []
    controls: dict[str, Any] = {}
    for name, text in pairs:
        if name in _OF_THE_ANSWER:
            continue
        if _NUL in text:
            raise FhirError(400, "a value has a character that no text has.", code="value")
        if name in CONTROLS:
            asked = _control(name, text, offered, lenient=lenient)
            if asked is not None:
                _add(controls, asked)
                understood.append((name, str(min(asked["count"], most)) if "count" in asked else text))
            continue
        criterion = _criterion(known, name, text)
        if criterion is not None:
            criteria.append(criterion)
            understood.append((name, text))
        elif not lenient:
            raise FhirError(
                400,
                f"{type_} has no such search parameter here, or not so. It has: {', '.join(sorted(known))}.",
                code="not-supported",
            )
    check_controls(controls)
    controls["count"] = min(controls.get("count", DEFAULT_COUNT), most)
    return ParsedSearch(type_, tuple(criteria), tuple(understood), **controls)


def _control(name: str, text: str, offered: Offered, *, lenient: bool) -> dict[str, Any] | None:
    """What a parameter asks of the answer; None where it is not served and may be passed over."""
    try:
        return read_control(name, text, offered)
    except FhirError as error:
        if lenient and error.code == "not-supported":
            return None
        raise


def _add(controls: dict[str, Any], asked: dict[str, Any]) -> None:
    """What goes along may be asked for more than once; of anything else the last holds."""
    for name in ("included", "reversed"):
        if name in asked:
            asked = {**asked, name: tuple(dict.fromkeys((*controls.get(name, ()), *asked[name])))}
    controls |= asked


def _criterion(known: Mapping[str, SearchParameter], name: str, text: str) -> Criterion | None:
    """The criterion, or None where the parameter or its modifier is unknown."""
    bare, _, modifier = name.partition(":")
    parameter = known.get(bare)
    if parameter is None:
        return None
    reader = _reader(parameter, modifier)
    if reader is None:
        return None
    try:
        values = tuple(map(reader, spelling.parts(text, ",")))
    except ValueError as error:
        raise FhirError(400, f"search parameter {bare} has a value that is not a {parameter.kind}: {error}.") from error
    return Criterion(parameter, modifier or None, values)


def _reader(parameter: SearchParameter, modifier: str) -> Callable[[str], Value] | None:
    if modifier == "missing":
        return Missing.read
    if modifier == "identifier" and parameter.by_identifier:
        return ReferenceIdentifier.read
    if modifier:
        return BY_MODIFIER.get((parameter.kind, modifier))
    if parameter.target:
        return lambda text: _reference_to(parameter.target, text)
    return READERS[parameter.kind]


def _reference_to(target: str | None, text: str) -> ReferenceTo:
    """A reference whose type the parameter itself gives."""
    found = ReferenceTo.read(text)
    return ReferenceTo(found.base, found.type or target, found.id)
