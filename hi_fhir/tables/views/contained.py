"""Contained resources: what a record carries within it, since it is nowhere else, and refers to by `#` and an id.

They are kept undecoded until a reference asks for one: most records have none.
"""

import msgspec

from hi_fhir.tables.views.elements import Identifier


class Contained(msgspec.Struct, gc=False, rename="camel"):
    """What tells who or what a contained resource is. Its id is the record's own name for it, and nobody else's."""

    resource_type: str = ""
    id: str = ""
    identifier: list[Identifier] = []


_decode = msgspec.json.Decoder(list[Contained]).decode


def find_contained(contained: msgspec.Raw, reference: str | None, type_: str) -> Contained | None:
    """The contained resource of this type that `#...` refers to; None where there is none.

    Raises:
        msgspec.ValidationError: what is contained has not the shape of resources.
    """
    if not reference or not reference.startswith("#") or not contained:
        return None
    name = reference[1:]
    return next((one for one in _decode(contained) if one.id == name and one.resource_type == type_), None)
