"""Whether a patient's NHS number is there, right by its check digit, no placeholder, and verified."""

from collections.abc import Iterator, Mapping, Sequence

from hi_fhir.tables.views.elements import Identifier, has_code

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
PLACEHOLDER = "placeholder"
_VERIFICATION = "Extension-UKCore-NHSNumberVerificationStatus"
_VERIFIED = ("01", "number-present-and-verified")


def is_valid(number: str) -> bool:
    """Ten digits whose modulus 11 check digit is right.

    Source: NHS Data Dictionary, NHS NUMBER.
    """
    if len(number) != 10 or not number.isascii() or not number.isdigit():
        return False
    a, b, c, d, e, f, g, h, i, check = number.encode()  # as characters: what that adds is a multiple of 11
    return (10 * a + 9 * b + 8 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i + check) % 11 == 0


def is_placeholder(number: str) -> bool:
    """One digit ten times, whose check digit is right and which is nobody's."""
    return len(number) == 10 and number == number[0] * 10


def usable_number(text: str) -> str | None:
    """The NHS number that a text is, without its spaces; None where it is none that could be somebody's."""
    number = "".join(text.split())
    return number if is_valid(number) and not is_placeholder(number) else None


def read_nhs_number(
    identifiers: Sequence[Identifier], systems: Mapping[str | None, str | None]
) -> tuple[str | None, str]:
    """The usable number (None if there is none) and its standing: verified, present, placeholder, invalid or absent.

    systems: the name of each identifier system.

    A verified number goes before one that is only present, then the least decides. The status may stand in the code
    system of today, in the retired one with its words, or in that with today's numbers; its code alone tells.
    """
    stated = [i for i in identifiers if systems[i.system] == NHS_NUMBER_SYSTEM and i.value and i.use != "old"]
    numbers = [(not _is_verified(i), "".join((i.value or "").split())) for i in stated]
    usable = sorted(entry for entry in numbers if is_valid(entry[1]) and not is_placeholder(entry[1]))
    if usable:
        unverified, number = usable[0]
        return number, "present" if unverified else "verified"
    if any(is_placeholder(number) for _, number in numbers):
        return None, PLACEHOLDER
    return None, "invalid" if numbers else "absent"


def further_identifiers(
    identifiers: Sequence[Identifier], number: str | None, systems: Mapping[str | None, str | None]
) -> Iterator[tuple[str, str]]:
    """System and value of the identifiers by which records may name the patient, but for `number`, the NHS number.

    systems: the name of each identifier system.

    Old ones are among them: a record of their time names the patient by them.
    """
    for one in identifiers:
        system = systems[one.system]
        if system and one.value:
            value: str | None = one.value.strip()
            if system == NHS_NUMBER_SYSTEM:
                value = usable_number(one.value)
            if value and (value != number or system != NHS_NUMBER_SYSTEM):
                yield system, value


def _is_verified(identifier: Identifier) -> bool:
    statuses = [e.value_codeable_concept for e in identifier.extension if e.url.endswith(_VERIFICATION)]
    return any(has_code(status, code) for status in statuses for code in _VERIFIED)
