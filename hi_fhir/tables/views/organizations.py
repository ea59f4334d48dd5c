"""The organisation that a record names as where somebody is registered: by reference, by ODS code or within itself."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from hi_fhir.tables.references import read_condition
from hi_fhir.tables.rows import RegistrationRow
from hi_fhir.tables.views.contained import find_contained
from hi_fhir.tables.views.elements import Context, Identifier, Reference, ods_identifiers
from hi_fhir.tables.views.organization import Organization
from hi_fhir.tables.views.periods import days_of


class StatedRegistration(NamedTuple):
    """What a record states of a registration; fields as the columns of `registration`."""

    kind: str | None
    organization_id: str | None
    ods_code: str | None
    start_date: int | None
    end_date: int | None
    regular: bool | None
    ended_on_unknown_date: bool
    organization_kind: str | None
    resource_id: str | None

    def of(self, patient: int, line: int) -> RegistrationRow:
        """Its row: of a patient by number, stated in a line."""
        return RegistrationRow(patient, *self, line)


class Named(NamedTuple):
    """organization_id: of an Organization of the source. ods_code: as the record itself has it, from `start` to `end`.

    kind: what an Organization within the record says that it is; None where it does not, or is not within.
    """

    organization_id: str | None
    ods_code: str | None
    start: int | None = None
    end: int | None = None
    kind: str | None = None

    def registration(
        self,
        kind: str | None,
        start: int | None,
        end: int | None,
        regular: bool | None = None,
        *,
        has_ended: bool = False,
        resource_id: str | None = None,
    ) -> StatedRegistration:
        """A registration here from `start` to `end`, or to the last day of the code where that is earlier.

        has_ended: it has, if on no day that is known. resource_id: of the EpisodeOfCare that states it.
        """
        last = self.end if end is None else end if self.end is None else min(end, self.end)
        return StatedRegistration(
            kind=kind,
            organization_id=self.organization_id,
            ods_code=self.ods_code,
            start_date=start,
            end_date=last,
            regular=regular,
            ended_on_unknown_date=has_ended,
            organization_kind=self.kind,
            resource_id=resource_id,
        )


NOWHERE = Named(None, None)


def named_organization(
    context: Context, reference: Reference | None, contained: msgspec.Raw, path: str
) -> Named | None:
    """What a reference at a JSON path names; None where that is no organisation that can be told."""
    if reference is None:
        return None
    within = find_contained(contained, reference.reference, "Organization", Organization)
    if within is not None:
        return _within(context, within, path)
    organization_id = context.references.organization(reference.reference)
    codes = ods_identifiers(_identifiers(reference), context.systems)
    if codes:
        code, period = codes[0]
        return Named(organization_id, code, *days_of(context, period, f"{path}.identifier.period"))
    return Named(organization_id, None) if organization_id else None


def _identifiers(reference: Reference) -> Iterator[Identifier]:
    """The identifier beside a reference, and that of a conditional one."""
    if reference.identifier:
        yield reference.identifier
    condition = read_condition(reference.reference) if reference.reference else None
    if condition and condition[0] == "Organization":
        yield Identifier(system=condition[1], value=condition[2])


def _within(context: Context, organization: Organization, path: str) -> Named | None:
    """Of several codes the one that ends last. When it began says nothing of when somebody registered."""
    kind = organization.stated_kind()
    stated = ods_identifiers(organization.identifier, context.systems)
    codes = [(days_of(context, period, path)[1], code) for code, period in stated]
    if not codes:
        return None
    end, code = min(codes, key=lambda entry: (entry[0] is not None, -(entry[0] or 0), entry[1]))
    return Named(None, code, None, end, kind)
