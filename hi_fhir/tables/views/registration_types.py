"""Whether a type of registration, or of an episode of care, says that somebody is registered, and regularly."""

from collections.abc import Iterable

import msgspec

_CODES = {
    "r": True,
    "e": False,
    "in": False,
    "t": False,
    "p": False,
    "o": False,
    "s": False,
}
"""Of a code system of registration types: regular, emergency, immediately necessary, temporary, private, other and a
synthetic record. Source: Care Connect registration type, version 1.0.0 [S]."""

_WORDS = {
    "regular": True,
    "temporary": False,
    "emergency": False,
    "immediately necessary": False,
    "immediately-necessary": False,
    "private": False,
}
"""The same in words, in whatever system: as a code, as its display or as the text [U: what systems write]."""

_REGISTRATIONS = frozenset({"registration", "gp registration", "general practice registration", "registered"})
"""Words that say that it is a registration, and not of which kind [U]."""


class TypeCoding(msgspec.Struct, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class TypeConcept(msgspec.Struct, gc=False):
    coding: list[TypeCoding] = []
    text: str | None = None


class RegistrationType(msgspec.Struct, frozen=True):
    """is_stated: there is a type at all. is_registration: it is one of a registration. regular: None where unsaid."""

    is_stated: bool
    is_registration: bool
    regular: bool | None


def registration_type(concepts: Iterable[TypeConcept]) -> RegistrationType:
    """What the types of one record say together: temporary, if any of them says so."""
    said: set[bool | None] = set()
    is_stated = False
    for concept in concepts:
        for coding in concept.coding:
            is_stated = is_stated or bool(coding.code or coding.display)
            if coding.code and coding.system and "registrationtype" in coding.system.lower():
                said.add(_CODES.get(coding.code.lower(), _WORDS.get(coding.code.lower())))
            else:
                said |= _meaning(coding.code) | _meaning(coding.display)
        is_stated = is_stated or bool(concept.text)
        said |= _meaning(concept.text)
    return RegistrationType(is_stated, bool(said), _least(said))


def regular_of(codes: Iterable[str]) -> bool | None:
    """Whether these codes of registration types say regular; None where they say nothing."""
    said = {_CODES.get(code.lower(), _WORDS.get(code.lower())) for code in codes}
    return _least(said)


def _least(said: set[bool | None]) -> bool | None:
    return False if False in said else True if True in said else None


def _meaning(words: str | None) -> set[bool | None]:
    plain = " ".join((words or "").lower().split())
    if plain in _WORDS:
        return {_WORDS[plain]}
    return {None} if plain in _REGISTRATIONS else set()
