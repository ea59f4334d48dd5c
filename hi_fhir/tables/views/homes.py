"""The homes among a Patient's addresses, in the order in which one of them is looked for on a day."""

from typing import NamedTuple

import msgspec

from hi_fhir.tables.views.elements import Context, ExtensionElement, PeriodElement
from hi_fhir.tables.views.periods import days_of

_LSOA = ("/StructureDefinition/lsoa11", "/StructureDefinition/lsoa21")


class Home(NamedTuple):
    """first, last: days on which it is one; None: no start, no end."""

    postcode: str | None
    lsoa11: str | None
    lsoa21: str | None
    first: int | None
    last: int | None


class AddressElement(msgspec.Struct, gc=False, rename="camel"):
    use: str | None = None
    postal_code: str | None = None
    period: PeriodElement | None = None
    extension: list[ExtensionElement] = []


def homes(context: Context, addresses: list[AddressElement], extensions: list[ExtensionElement]) -> list[Home]:
    """The homes, of use home or of none, and a first one without a place where there are none.

    The one that ends last comes first (no end is the latest); among equals one of use home, then the one that began
    last, then the first. Which of them is one on a day is not decided here. An LSOA of the patient (`extensions`) is
    of the first.
    """
    found = [
        (address, days_of(context, address.period, f"$.address[{number}].period"))
        for number, address in enumerate(addresses)
        if address.use is None or address.use == "home"
    ]
    if not found:
        return [Home(None, *_lsoas(extensions), None, None)]
    if len(found) > 1:
        found.sort(key=_order)
    (first, days), *others = found
    return [
        Home(_postcode(first), *_lsoas(first.extension, extensions), *days),
        *(Home(_postcode(other), *_lsoas(other.extension), *its_days) for other, its_days in others),
    ]


def _order(home: tuple[AddressElement, tuple[int | None, int | None]]) -> tuple[bool, int, bool, bool, int]:
    address, (start, end) = home
    return end is not None, -(end or 0), address.use is None, start is None, -(start or 0)


def _postcode(address: AddressElement) -> str | None:
    return "".join(address.postal_code.split()).upper() or None if address.postal_code else None


def _lsoas(*extensions: list[ExtensionElement]) -> tuple[str | None, str | None]:
    """The LSOAs of 2011 and 2021 among some extensions, whose URLs end as in `_LSOA`; the first decides."""
    if not any(extensions):
        return None, None
    stated = [extension for some in extensions for extension in some]
    lsoa11, lsoa21 = (next((code for e in stated if e.url.endswith(url) and (code := _code(e))), None) for url in _LSOA)
    return lsoa11, lsoa21


def _code(extension: ExtensionElement) -> str | None:
    return (extension.value_code or extension.value_string or "").strip().upper() or None
