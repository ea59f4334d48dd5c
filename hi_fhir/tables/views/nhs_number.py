"""Whether a patient's NHS number is there, right by its check digit, and verified."""

from collections.abc import Mapping, Sequence

from hi_fhir.tables.views.elements import Identifier, has_code

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_VERIFICATION = "Extension-UKCore-NHSNumberVerificationStatus"
_VERIFIED = ("01", "number-present-and-verified")


def is_valid(number: str) -> bool:
    """Ten digits whose modulus 11 check digit is right.

    Source: NHS Data Dictionary, NHS NUMBER.
    """
    if len(number) != 10 or not number.isascii() or not number.isdigit():
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(number[:9], range(10, 1, -1), strict=True))
    return (11 - weighted % 11) % 11 == int(number[9])


def read_nhs_number(
    identifiers: Sequence[Identifier], systems: Mapping[str | None, str | None]
) -> tuple[str | None, str]:
    """The valid number (None if there is none) and its standing: verified, present, invalid or absent.

    systems: the name of each identifier system.

    A verified number goes before one that is only present, then the least decides. The status may stand in the code
    system of today, in the retired one with its words, or in that with today's numbers; its code alone tells.
    """
    stated = [i for i in identifiers if systems[i.system] == NHS_NUMBER_SYSTEM and i.value and i.use != "old"]
    numbers = [(not _is_verified(i), "".join((i.value or "").split())) for i in stated]
    valid = sorted(entry for entry in numbers if is_valid(entry[1]))
    if valid:
        unverified, number = valid[0]
        return number, "present" if unverified else "verified"
    return None, "invalid" if numbers else "absent"


def _is_verified(identifier: Identifier) -> bool:
    statuses = [e.value_codeable_concept for e in identifier.extension if e.url.endswith(_VERIFICATION)]
    return any(has_code(status, code) for status in statuses for code in _VERIFIED)
