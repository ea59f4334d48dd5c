"""What a bulk export says was deleted: transaction Bundles of DELETE requests, one a line.

Source: FHIR Bulk Data Access 3.0.0, "deleted" of the complete status manifest.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from hi_fhir.fhir.references import LITERAL
from hi_fhir.tables.references import same_id
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.views.registry import RESOURCE_TYPES

DELETED_FOLDER = "_deleted"
"""The chunk folder that they land in."""

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)
_COMPARED = ("Condition", "Organization", "Patient")  # by `same_id`, since references lead to them

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Deletion(NamedTuple):
    """A resource that is gone: it takes every version with it that is not newer than `at`."""

    type: str
    id: str
    at: datetime


class _Request(msgspec.Struct, gc=False):
    method: str
    url: str


class _Entry(msgspec.Struct, gc=False):
    request: _Request


class _Meta(msgspec.Struct, gc=False, rename="camel"):
    last_updated: Instant | None = None


class _Bundle(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Bundle"]
    meta: _Meta | None = None
    timestamp: Instant | None = None
    entry: list[_Entry] = []


_decode = msgspec.json.Decoder(_Bundle).decode


def read_deletions(line: bytes) -> list[Deletion]:
    """The deletions that one line states; where it gives no time, they outlast every version.

    Raises:
        msgspec.DecodeError, RefusedError: it is no such Bundle, or an entry is no deletion.
    """
    bundle = _decode(line)
    at = bundle.timestamp or (bundle.meta.last_updated if bundle.meta else None) or _ALWAYS
    return [_deletion(entry.request, number, at) for number, entry in enumerate(bundle.entry)]


def _deletion(request: _Request, number: int, at: datetime) -> Deletion:
    target = LITERAL.fullmatch(request.url)
    if request.method != "DELETE" or target is None or target[2] not in RESOURCE_TYPES or target[4]:
        raise RefusedError("not-a-deletion", f"$.entry[{number}].request", "not DELETE of a type and id")
    return Deletion(target[2], same_id(target[3]) if target[2] in _COMPARED else target[3], at)
