"""What an Organization says that it is: a practice, a branch surgery, a network, a board; null where it does not say.

The ODS roles of the organisation decide, else the codes and words of its type. What its ODS code looks like, and what
imported files say, is known to whoever resolves people (`hi_fhir.cohorts.organisations`).
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from hi_fhir.tables.views.elements import CodingElement

PRACTICE, BRANCH, PCN, SUB_ICB, ICB, OTHER = "practice", "branch", "pcn", "sub-icb", "icb", "other"

_COST_CENTRE = "177"
_ROLES = {
    PRACTICE: frozenset({"76", "227", "315"}),
    BRANCH: frozenset({"96"}),
    PCN: frozenset({"272"}),
    ICB: frozenset({"318"}),
    SUB_ICB: frozenset({"98", "99", "319", "327"}),
}
"""ODS role numbers: GP practice (in Scotland 227, in Northern Ireland 315), branch surgery, primary care network,
integrated care board, clinical commissioning group and its site, sub-ICB location, sub-ICB reporting entity. They stand
in order: a practice may have the role of a vaccination centre too.

Source: list of roles of the ODS ORD interface and the ODS reference data catalogue [S]. A prescribing cost centre (177)
may or may not be a practice: its other role tells, else its code. A strategic partnership (261) without 318 is a board
of before July 2022 [U], which `_BOARDS` takes for one.
"""
_BOARDS = frozenset({"261"})

_WORDS = {
    PRACTICE: "practice, gp practice, general practice, gp surgery, general medical practice, surgery",
    BRANCH: "branch, branch surgery, gp branch surgery, branch practice",
    PCN: "pcn, primary care network",
    SUB_ICB: "sub icb, sub icb location, sicbl, ccg, clinical commissioning group",
    ICB: "icb, integrated care board",
    OTHER: "hospital, acute trust, nhs trust, nhs trust site, foundation trust, mental health trust, ambulance trust, "
    "pharmacy, care home, walk in centre, out of hours, nhs england region",
}
"""Words of a type, without their case and punctuation [U: what systems write]."""

_KIND_OF_WORD = {word.strip(): kind for kind, words in _WORDS.items() for word in words.split(",")}
_ROLE_SYSTEM = re.compile(r"organi[sz]ationrole(-1)?$", re.ASCII)
_ROLE_EXTENSION = re.compile(r"organi[sz]ationrole(-1)?$", re.ASCII)


class _TypeCoding(msgspec.Struct, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class OrganizationType(msgspec.Struct, gc=False):
    coding: list[_TypeCoding] = []
    text: str | None = None


class _RoleConcept(msgspec.Struct, gc=False):
    coding: list[CodingElement] = []


class _RolePart(msgspec.Struct, gc=False, rename="camel"):
    url: str | None = None
    value_coding: CodingElement | None = None
    value_codeable_concept: _RoleConcept | None = None
    value_boolean: bool | None = None
    value_string: str | None = None


class OrganizationExtension(msgspec.Struct, gc=False):
    """An extension of an Organization: the ODS role is one of parts `role` or `roleCode`, `active` or `status`."""

    named: str | None = msgspec.field(default=None, name="url")
    extension: list[_RolePart] = []

    @property
    def url(self) -> str:
        return self.named or ""


def stated_kind(types: Iterable[OrganizationType], extensions: Iterable[OrganizationExtension]) -> str | None:
    """practice, branch, pcn, sub-icb, icb or other (something else that is known); None where nothing tells."""
    types = list(types)
    by_role = _kind_of_roles({*_extension_roles(extensions), *_type_roles(types)})
    if by_role:
        return by_role
    kinds = {_KIND_OF_WORD[word] for word in map(_plain, _type_words(types)) if word in _KIND_OF_WORD}
    return next((kind for kind in _WORDS if kind in kinds), None)


def _kind_of_roles(roles: set[str]) -> str | None:
    for kind, numbers in _ROLES.items():
        if roles & numbers:
            return kind
    if roles & _BOARDS:
        return ICB
    return OTHER if roles - {_COST_CENTRE} else None


def _extension_roles(extensions: Iterable[OrganizationExtension]) -> Iterator[str]:
    for extension in extensions:
        if _ROLE_EXTENSION.search(extension.url.lower()) and not _is_over(extension.extension):
            for part in extension.extension:
                if part.value_coding and part.value_coding.code:
                    yield _number(part.value_coding.code)
                for coding in part.value_codeable_concept.coding if part.value_codeable_concept else []:
                    if coding.code:
                        yield _number(coding.code)


def _is_over(parts: Iterable[_RolePart]) -> bool:
    return any(
        (part.url == "active" and part.value_boolean is False)
        or (part.url == "status" and (part.value_string or "").lower() == "inactive")
        for part in parts
    )


def _type_roles(types: Iterable[OrganizationType]) -> Iterator[str]:
    for type_ in types:
        for coding in type_.coding:
            if coding.code and coding.system and _ROLE_SYSTEM.search(coding.system.lower()):
                yield _number(coding.code)


def _type_words(types: Iterable[OrganizationType]) -> Iterator[str]:
    for type_ in types:
        for coding in type_.coding:
            yield from (coding.code or "", coding.display or "")
        yield type_.text or ""


def _number(code: str) -> str:
    """Role codes are written `RO76` (ODS, R4) or `76` (ODS, STU3)."""
    return code.strip().upper().removeprefix("RO")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())
