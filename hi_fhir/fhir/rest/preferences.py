"""What a client prefers (Prefer). Source: RFC 7240, and FHIR R4 http.html and async.html."""

from enum import StrEnum


class Returned(StrEnum):
    """What a client wants back of what it wrote."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "OperationOutcome"


def returned(prefer: str) -> Returned:
    """What a Prefer header wants back; the resource, where it says nothing of it or what nobody has."""
    wanted = [one.partition("=")[2] for one in _preferences(prefer) if one.startswith("return=")]
    known = [one for one in Returned if one in wanted]
    return known[0] if known else Returned.REPRESENTATION


def is_for_later(prefer: str) -> bool:
    """Whether an address is wanted where the answer will be."""
    return "respond-async" in _preferences(prefer)


def is_lenient(prefer: str) -> bool:
    """Whether unknown parameters are to be passed over."""
    return "handling=lenient" in _preferences(prefer)


def _preferences(prefer: str) -> list[str]:
    return prefer.replace(" ", "").replace(";", ",").split(",")
