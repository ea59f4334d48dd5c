"""What a client may do, as SMART says it: `system/MeasureReport.rs` is to read and search MeasureReports.

Source: SMART App Launch 2.2.0, Scopes; `.read`, `.write` and `.*` are those of its version 1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)")
_FIRST_VERSION = {"read": "rs", "write": "cud", "*": "cruds"}
_LETTERS = "cruds"  # create, read, update, delete, search: in the order that they are written in

_READ = (
    "CodeSystem",
    "ConceptMap",
    "Group",
    "Library",
    "Measure",
    "MeasureReport",
    "NamingSystem",
    "OperationDefinition",
    "Organization",
    "StructureDefinition",
    "ValueSet",
)
OFFERED: Mapping[str, str] = {
    **dict.fromkeys(_READ, "rs"),
    "Subscription": "cruds",
}
"""Resource types to what is done with them here."""
OF_PRACTICES: Mapping[str, str] = {"Patient": "r"}
"""The same of what practices' own clients alone may have, to be told who is behind a count; `*` is not for it."""
OPERATORS: Mapping[str, str] = {"AuditEvent": "rs"}
"""The same of what is the operator's clients' alone: it is named, and `*` is not for it."""
KNOWN = {**OFFERED, **OF_PRACTICES, **OPERATORS}
"""All of them."""


@dataclass(frozen=True)
class Scopes:
    """Pairs of a type and a letter."""

    pairs: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, text: str) -> "Scopes":
        """What a scope parameter asks for of what is offered here; what it says beyond that is passed over."""
        pairs = set()
        for scope in text.split():
            found = _SCOPE.fullmatch(scope)
            if found is not None and found[2]:
                letters = _FIRST_VERSION.get(found[2], found[2])
                types: Iterable[str] = OFFERED if found[1] == "*" else (found[1],)
                pairs |= {(type_, one) for type_ in types for one in letters if one in KNOWN.get(type_, "")}
        return cls(frozenset(pairs))

    def has_patients(self) -> bool:
        """Whether something is among it that is practices' own clients' alone."""
        return any(type_ in OF_PRACTICES for type_, _ in self.pairs)

    def has_operators(self) -> bool:
        """Whether something is among it that is the operator's clients' alone."""
        return any(type_ in OPERATORS for type_, _ in self.pairs)

    def permits(self, type_: str, letter: str) -> bool:
        return (type_, letter) in self.pairs

    def __and__(self, other: "Scopes") -> "Scopes":
        return Scopes(self.pairs & other.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __str__(self) -> str:
        types = sorted({type_ for type_, _ in self.pairs})
        return " ".join(
            f"system/{type_}.{''.join(one for one in _LETTERS if (type_, one) in self.pairs)}" for type_ in types
        )


ALL = Scopes(frozenset((type_, letter) for type_, letters in OFFERED.items() for letter in letters))
