"""Contained resources: what a record carries within it, since it is nowhere else, and refers to by `#` and an id.

They are kept undecoded until a reference asks for one: most records have none.
"""

from typing import TypeVar

import msgspec


class _Header(msgspec.Struct, gc=False, rename="camel"):
    """A contained resource's type, and its id, which is the record's own name for it and nobody else's."""

    resource_type: str = ""
    id: str = ""


S = TypeVar("S", bound=msgspec.Struct)

_decode_headers = msgspec.json.Decoder(list[_Header]).decode
_decode_each = msgspec.json.Decoder(list[msgspec.Raw]).decode


def find_contained(contained: msgspec.Raw, reference: str | None, type_: str, struct: type[S]) -> S | None:
    """The contained resource of this type that `#...` refers to, with what the struct has of it; None: there is none.

    Raises:
        msgspec.ValidationError: what is contained has not the shape of resources.
    """
    if not reference or not reference.startswith("#") or not contained:
        return None
    name = reference[1:]
    for header, resource in zip(_decode_headers(contained), _decode_each(contained), strict=True):
        if header.id == name and header.resource_type == type_:
            return msgspec.json.decode(resource, type=struct)
    return None
