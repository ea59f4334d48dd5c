"""Contained resources: what a record carries within it, since it is nowhere else, and refers to by `#` and an id.

They are kept undecoded until a reference asks for one: most records have none.
"""

from typing import TypeVar

import msgspec

from hi_fhir.tables.views.elements import Identifier


class Contained(msgspec.Struct, gc=False, rename="camel"):
    """What tells who or what a contained resource is. Its id is the record's own name for it, and nobody else's."""

    resource_type: str = ""
    id: str = ""
    identifier: list[Identifier] = []


S = TypeVar("S", bound=msgspec.Struct)

_decode = msgspec.json.Decoder(list[Contained]).decode
_decode_each = msgspec.json.Decoder(list[msgspec.Raw]).decode


def find_contained(contained: msgspec.Raw, reference: str | None, type_: str) -> Contained | None:
    """The contained resource of this type that `#...` refers to; None where there is none.

    Raises:
        msgspec.ValidationError: what is contained has not the shape of resources.
    """
    if not reference or not reference.startswith("#") or not contained:
        return None
    name = reference[1:]
    return next((one for one in _decode(contained) if one.id == name and one.resource_type == type_), None)


def decode_contained(contained: msgspec.Raw, reference: str | None, type_: str, struct: type[S]) -> S | None:
    """As `find_contained`, with all that the struct has of the resource."""
    found = find_contained(contained, reference, type_)
    if found is None:
        return None
    place = [one.id for one in _decode(contained)].index(found.id)
    return msgspec.json.decode(_decode_each(contained)[place], type=struct)
