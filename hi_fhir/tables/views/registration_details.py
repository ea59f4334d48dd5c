"""The registration details of Care Connect and GP Connect, an extension of Patient, as a row of `registration`.

It gives the period, type and status of a registration and no organisation: that is the Patient's managing organisation
(the practice that keeps the record), else its general practitioner, else the practice that the source is.

Source: Extension-CareConnect-GPC-RegistrationDetails-1 and Extension-CareConnect-RegistrationDetails-1, with the code
systems CareConnect-RegistrationStatus-1 and CareConnect-RegistrationType-1 of STU3 [S]; one of that name in R4 [U].
"""

from collections.abc import Iterator

from hi_fhir.tables.views.elements import Context, ExtensionElement, codings
from hi_fhir.tables.views.organizations import Named, StatedRegistration
from hi_fhir.tables.views.periods import days_of
from hi_fhir.tables.views.registration_types import regular_of

_INACTIVE, _PENDING = "i", "r"


def is_registration_details(extension: ExtensionElement) -> bool:
    return "registrationdetails" in extension.url.rpartition("/")[2].lower()


def registration_details(
    context: Context, extension: ExtensionElement, practice: Named, path: str
) -> Iterator[StatedRegistration]:
    """What is stated by one such extension at a JSON path; none for a registration that is pending.

    One that is inactive is over where it names no end that can be. A deduction that is pending has not ended it.
    """
    parts = {part.url: part for part in extension.extension}
    status = {code.lower() for code in _codes(parts.get("registrationStatus"))}
    if _PENDING in status:
        return
    period = parts["registrationPeriod"].value_period if "registrationPeriod" in parts else None
    start, end = days_of(context, period, f"{path}.valuePeriod")
    regular = regular_of(_codes(parts.get("registrationType")))
    yield practice.registration("registration-details", start, end, regular, has_ended=_INACTIVE in status)


def _codes(part: ExtensionElement | None) -> list[str]:
    return [coding.code for coding in codings(part.value_codeable_concept) if coding.code] if part else []
