"""Organization: practices, networks and boards as the source knows them, as rows of `organization`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.references import same_id
from hi_fhir.tables.rows import OrganizationRow
from hi_fhir.tables.views.elements import (
    Context,
    Identifier,
    Meta,
    PeriodElement,
    Reference,
    ResourceId,
    VersionState,
    ods_identifiers,
)
from hi_fhir.tables.views.organization_kinds import OrganizationExtension, OrganizationType, stated_kind
from hi_fhir.tables.views.periods import days_of


class Organization(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Organization"]
    id: ResourceId
    meta: Meta | None = None
    extension: list[OrganizationExtension] = []
    identifier: list[Identifier] = []
    type: list[OrganizationType] = []
    name: str | None = None
    part_of: Reference | None = None

    def stated_kind(self) -> str | None:
        return stated_kind(self.type, self.extension)


def emitter(context: Context) -> Callable[[Organization, int], VersionState]:
    """A function that appends the rows of one Organization: one for each of its ODS codes."""
    rows = context.tables["organization"]

    def emit(record: Organization, line: int) -> VersionState:
        record.id = same_id(record.id)
        part_of = context.references.organization(record.part_of.reference) if record.part_of else None
        kind = record.stated_kind()
        codes: list[tuple[str | None, PeriodElement]] = [*ods_identifiers(record.identifier, context.systems)] or [
            (None, PeriodElement())
        ]
        spans = [(code, *days_of(context, period, "$.identifier.period")) for code, period in codes]
        rows.extend(
            OrganizationRow(record.id, code, first, last, kind, record.name, part_of, line)
            for code, first, last in spans
        )
        return VersionState.KEPT

    return emit
