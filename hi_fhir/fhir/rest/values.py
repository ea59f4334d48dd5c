"""What a search asks of one element, by kind of parameter: read from the query's text, matched against the resource.

Source: FHIR R4 search.html. An element that cannot be read matches nothing; text that cannot be read raises ValueError.
`read` takes text as a search writes it (spelling.py), `of` what an element says.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from hi_fhir.fhir.rest import spelling
from hi_fhir.fhir.rest.intervals import Interval, interval_of, read_interval

Kind = Literal["token", "reference", "date", "string", "uri", "canonical"]


class Value(Protocol):
    """One alternative of a criterion."""

    def matches(self, element: Any) -> bool: ...


@dataclass(frozen=True)
class Token:
    """`code`, `system|code`, `|code` (no system) or `system|` (any code of it). `system` None: whatever it is."""

    system: str | None
    code: str

    @classmethod
    def read(cls, text: str) -> "Token":
        *system, code = map(spelling.read, spelling.parts(text, "|", most=2))
        if not any((*system, code)):
            raise ValueError("it is empty")
        return cls(system[0] if system else None, code)

    def matches(self, element: Any) -> bool:
        return any(self._is(system, code) for system, code in codings(element))

    def _is(self, system: str, code: str) -> bool:
        return (self.system is None or self.system == system) and (not self.code or self.code == code)


def codings(element: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of a CodeableConcept, Coding, Identifier, code or boolean; the system is empty where none is."""
    if isinstance(element, bool):
        yield "", str(element).lower()
    elif isinstance(element, str):
        yield "", element
    elif isinstance(element, dict) and isinstance(element.get("coding"), list):
        for coding in element["coding"]:
            yield from codings(coding)
    elif isinstance(element, dict):
        code = element.get("code", element.get("value"))
        if isinstance(code, str):
            yield str(element.get("system") or ""), code


def matcher_of(values: Sequence[Value]) -> Callable[[Any], bool]:
    """Whether an element matches any of the values; a search may name thousands of codes, which are looked up."""
    tokens = {(value.system, value.code) for value in values if isinstance(value, Token)}
    others = [value for value in values if not isinstance(value, Token)]

    def matches(element: Any) -> bool:
        if tokens:
            for system, code in codings(element):
                if not tokens.isdisjoint(((system, code), (None, code), (system, ""))):
                    return True
        return any(value.matches(element) for value in others)

    return matches


@dataclass(frozen=True)
class DateTest:
    """A prefix and a span.

    Source: the table of prefixes in FHIR R4 search.html, as HAPI reads it: a Period that reaches into what was asked
    for is both `ge` and `le`.
    """

    prefix: str
    span: Interval

    @classmethod
    def read(cls, text: str) -> "DateTest":
        prefix, rest = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
        if prefix not in _COMPARISONS:
            raise ValueError(f"the prefix is not one of {', '.join(_COMPARISONS)}")
        return cls(prefix, read_interval(rest))

    def matches(self, element: Any) -> bool:
        found = interval_of(element)
        return found is not None and self.holds(found)

    def holds(self, found: Interval) -> bool:
        return _COMPARISONS[self.prefix](self.span, found)


_COMPARISONS: dict[str, Callable[[Interval, Interval], bool]] = {
    "eq": lambda asked, found: asked.contains(found),
    "ne": lambda asked, found: not asked.contains(found),
    "gt": lambda asked, found: found.high > asked.high,
    "lt": lambda asked, found: found.low < asked.low,
    "ge": lambda asked, found: found.high > asked.low,
    "le": lambda asked, found: found.low < asked.high,
    "sa": lambda asked, found: found.low >= asked.high,
    "eb": lambda asked, found: found.high <= asked.low,
    "ap": lambda asked, found: found.low < asked.high and found.high > asked.low,
}


@dataclass(frozen=True)
class ReferenceTo:
    """`id`, `Type/id` or an absolute URL; a part that is None may be anything."""

    base: str | None
    type: str | None
    id: str

    @classmethod
    def read(cls, text: str) -> "ReferenceTo":
        return cls.of(spelling.read(text))

    @classmethod
    def of(cls, text: str) -> "ReferenceTo":
        if not text:
            raise ValueError("it is empty")
        parts = text.split("/_history/")[0].split("/")
        if len(parts) == 1:
            return cls(None, None, text)
        return cls("/".join(parts[:-2]) or None, parts[-2], parts[-1])

    def matches(self, element: Any) -> bool:
        text = element.get("reference") if isinstance(element, dict) else None
        if not isinstance(text, str) or not text:
            return False
        found = ReferenceTo.of(text)
        same_base = self.base is None or found.base is None or self.base == found.base
        return same_base and self.type in (None, found.type) and self.id == found.id


@dataclass(frozen=True)
class ReferenceIdentifier:
    """`:identifier`: a reference that names its target by this identifier."""

    token: Token

    @classmethod
    def read(cls, text: str) -> "ReferenceIdentifier":
        return cls(Token.read(text))

    def matches(self, element: Any) -> bool:
        return isinstance(element, dict) and self.token.matches(element.get("identifier"))


@dataclass(frozen=True)
class Text:
    """A string that begins so, in any case of letters."""

    start: str

    @classmethod
    def read(cls, text: str) -> "Text":
        return cls(spelling.read(text).casefold())

    def matches(self, element: Any) -> bool:
        return isinstance(element, str) and element.casefold().startswith(self.start)


@dataclass(frozen=True)
class TextExactly:
    """`:exact`: this string, letter for letter."""

    text: str

    @classmethod
    def read(cls, text: str) -> "TextExactly":
        return cls(spelling.read(text))

    def matches(self, element: Any) -> bool:
        return bool(element == self.text)


@dataclass(frozen=True)
class TextWithin:
    """`:contains`: a string that has this anywhere in it, in any case of letters."""

    part: str

    @classmethod
    def read(cls, text: str) -> "TextWithin":
        return cls(spelling.read(text).casefold())

    def matches(self, element: Any) -> bool:
        return isinstance(element, str) and self.part in element.casefold()


@dataclass(frozen=True)
class Uri:
    """Exactly this address."""

    uri: str

    @classmethod
    def read(cls, text: str) -> "Uri":
        return cls(spelling.read(text))

    def matches(self, element: Any) -> bool:
        return bool(element == self.uri)


@dataclass(frozen=True)
class Canonical:
    """A canonical address: of this version, or of any where none is asked for (`version` None)."""

    url: str
    version: str | None

    @classmethod
    def read(cls, text: str) -> "Canonical":
        url, *version = map(spelling.read, spelling.parts(text, "|", most=2))
        return cls(url, (version[0] if version else "") or None)

    @classmethod
    def of(cls, text: str) -> "Canonical":
        url, _, version = text.partition("|")
        return cls(url, version or None)

    def matches(self, element: Any) -> bool:
        if not isinstance(element, str):
            return False
        found = Canonical.of(element)
        return found.url == self.url and self.version in (None, found.version)


@dataclass(frozen=True)
class Missing:
    """`:missing`: whether the element is absent. Decided by the criterion, since there is nothing to match."""

    absent: bool

    @classmethod
    def read(cls, text: str) -> "Missing":
        if text not in ("true", "false"):
            raise ValueError(":missing is true or false")
        return cls(text == "true")

    def matches(self, element: Any) -> bool:
        return element is None if self.absent else element is not None


READERS: dict[Kind, Callable[[str], Value]] = {
    "token": Token.read,
    "reference": ReferenceTo.read,
    "date": DateTest.read,
    "string": Text.read,
    "uri": Uri.read,
    "canonical": Canonical.read,
}

BY_MODIFIER: dict[tuple[Kind, str], Callable[[str], Value]] = {
    ("token", "not"): Token.read,
    ("string", "exact"): TextExactly.read,
    ("string", "contains"): TextWithin.read,
}
"""Kind of parameter and its modifier to the reader, beside `:missing`, which any has, and `:identifier`."""
