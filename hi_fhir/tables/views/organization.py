"""Organization: practices, networks and boards as the source knows them, as rows of `organization`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.references import same_id
from hi_fhir.tables.views.elements import Context, Identifier, Meta, Reference, ResourceId, State, ods_code


class Organization(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Organization"]
    id: ResourceId
    meta: Meta | None = None
    identifier: list[Identifier] = []
    name: str | None = None
    part_of: Reference | None = None


def emitter(context: Context) -> Callable[[Organization, int], int]:
    """A function that appends the row of one Organization."""
    rows = context.tables["organization"]

    def emit(record: Organization, line: int) -> int:
        record.id = same_id(record.id)
        part_of = context.references.organization(record.part_of.reference) if record.part_of else None
        rows.append((record.id, ods_code(record.identifier), record.name, part_of, line))
        return State.KEPT

    return emit
