"""The organisation that a record names: by reference, by its ODS code, or by what it contains."""

import msgspec

from hi_fhir.tables.views.contained import find_contained
from hi_fhir.tables.views.elements import Context, Reference, ods_code


def named_organization(
    context: Context, reference: Reference | None, contained: msgspec.Raw
) -> tuple[str | None, str | None]:
    """The id of the source's Organization and the ODS code that a reference gives; each None where it gives none."""
    if reference is None:
        return None, None
    found = find_contained(contained, reference.reference, "Organization")
    identifiers = [*([reference.identifier] if reference.identifier else []), *(found.identifier if found else [])]
    return context.references.organization(reference.reference), ods_code(identifiers)
