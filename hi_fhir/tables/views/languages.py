"""What a Patient says of the person's language: whether there is one, and whether they need an interpreter."""

from collections.abc import Iterable, Iterator

import msgspec

from hi_fhir.tables.views.elements import CodingElement, ExtensionElement, codings

NEEDED, NOT_NEEDED = "needed", "not-needed"
_COMMUNICATION = "Extension-UKCore-NHSCommunication"
_INTERPRETER = "patient-interpreterRequired"
_NESTED = "interpreterRequired"


class LanguageElement(msgspec.Struct, gc=False):
    coding: list[CodingElement] = []
    text: str | None = None


class CommunicationElement(msgspec.Struct, gc=False):
    language: LanguageElement | None = None


def has_language(communications: Iterable[CommunicationElement], extensions: Iterable[ExtensionElement]) -> bool:
    """Whether Patient.communication names a language by a code or in words, or UK Core's extension by a code."""
    named = [one.language for one in communications if one.language]
    found = [coding for language in named for coding in language.coding]
    found += [
        one for part in _parts(extensions) if part.url == "language" for one in codings(part.value_codeable_concept)
    ]
    return any(language.text for language in named) or any(coding.code for coding in found)


def interpreter(extensions: Iterable[ExtensionElement]) -> str | None:
    """NEEDED where any extension says so, else NOT_NEEDED where any says that none is; None where none says."""
    extensions = list(extensions)
    said = {one.value_boolean for one in extensions if one.url.endswith(_INTERPRETER)}
    said |= {part.value_boolean for part in _parts(extensions) if part.url == _NESTED}
    return NEEDED if True in said else NOT_NEEDED if False in said else None


def _parts(extensions: Iterable[ExtensionElement]) -> Iterator[ExtensionElement]:
    return (part for one in extensions if one.url.endswith(_COMMUNICATION) for part in one.extension)
