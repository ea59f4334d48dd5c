"""The parameters of a search that say what its answer is like: how much of it, in which order, and what goes along.

Source: FHIR R4 search.html, managing returned resources.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hi_fhir.fhir.rest.outcomes import FhirError

_DIGITS = 9  # of a page size; more are as good as these
_SHORTENED = ("true", "text", "data")


class Inclusion(NamedTuple):
    """Resources that go along with those that are found: what a reference of `source` leads to, or comes from.

    parameter: the search parameter of that reference. target: the type that it leads to.
    """

    source: str
    parameter: str
    target: str

    @property
    def text(self) -> str:
        return f"{self.source}:{self.parameter}"


@dataclass(frozen=True)
class Offered:
    """What a server does of it, for a type. sortable: names of parameters. shortened: whether parts of resources can
    be had. included, reversed: what may go along by `_include` and `_revinclude`.
    """

    sortable: Sequence[str] = ()
    shortened: bool = False
    included: tuple[Inclusion, ...] = ()
    reversed: tuple[Inclusion, ...] = ()


def read_control(name: str, text: str, offered: Offered) -> dict[str, Any]:
    """Fields of a ParsedSearch. name: of CONTROLS.

    Raises:
        FhirError: 400, the value is not one, or not served.
    """
    return CONTROLS[name](text, offered)


def check_controls(controls: dict[str, Any]) -> None:
    """Make sure that they go together.

    Raises:
        FhirError: 400.
    """
    if controls.get("elements") and controls.get("summary"):
        raise FhirError(400, "_elements and _summary are two ways to ask for less: use one.")
    if controls.get("summary") == "text" and (controls.get("included") or controls.get("reversed")):
        raise FhirError(400, "_summary=text goes with no _include and no _revinclude.")


def _count(text: str, _: Offered) -> dict[str, Any]:
    if not text.isascii() or not text.isdecimal():
        raise FhirError(400, "_count is a whole number.")
    size = int(text.lstrip("0")[:_DIGITS] or "0")
    return {"count": size} if size else {"count_only": True}


def _summary(text: str, offered: Offered) -> dict[str, Any]:
    if text in _SHORTENED and offered.shortened:
        return {"summary": text}
    if text not in ("count", "false"):
        served = "true, text, data, count or false" if offered.shortened else "count or false only"
        raise FhirError(400, f"_summary is served as {served}.", code="not-supported")
    return {"count_only": True} if text == "count" else {}


def _elements(text: str, offered: Offered) -> dict[str, Any]:
    if not offered.shortened:
        raise FhirError(400, "_elements is not served.", code="not-supported")
    names = tuple(name.strip() for name in text.split(","))
    if not all(name.isascii() and name.isalpha() for name in names):
        raise FhirError(400, "_elements names elements of the resource, such as status,period.", code="value")
    return {"elements": names}


def _total(text: str, _: Offered) -> dict[str, Any]:
    if text not in ("none", "estimate", "accurate"):
        raise FhirError(400, "_total is none, estimate or accurate.")
    return {"with_total": text != "none"}


def _sort(text: str, offered: Offered) -> dict[str, Any]:
    names = tuple(text.split(","))
    bare = [name.removeprefix("-") for name in names]
    if any(name not in offered.sortable for name in bare):
        served = f"by {', '.join(offered.sortable)} only" if offered.sortable else "not at all"
        raise FhirError(400, f"_sort is served {served}.", code="not-supported")
    if len(set(bare)) < len(bare):
        raise FhirError(400, "_sort names a parameter twice.")
    return {"sort": names}


def _include(text: str, offered: Offered) -> dict[str, Any]:
    return {"included": (_inclusion("_include", text, offered.included),)}


def _revinclude(text: str, offered: Offered) -> dict[str, Any]:
    return {"reversed": (_inclusion("_revinclude", text, offered.reversed),)}


def _inclusion(name: str, text: str, offered: Sequence[Inclusion]) -> Inclusion:
    for one in offered:
        if text in (one.text, f"{one.text}:{one.target}"):
            return one
    served = f"as {' or '.join(one.text for one in offered)}" if offered else "not at all"
    raise FhirError(400, f"{name} is served {served} here.", code="not-supported")


CONTROLS: dict[str, Callable[[str, Offered], dict[str, Any]]] = {
    "_count": _count,
    "_summary": _summary,
    "_elements": _elements,
    "_total": _total,
    "_sort": _sort,
    "_include": _include,
    "_revinclude": _revinclude,
}
"""Name to its reader."""
