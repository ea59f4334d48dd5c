"""Names of the code systems that the tables and the data files speak, and the shapes of their codes."""

SNOMED = "http://snomed.info/sct"
READ_V2 = "http://read.info/readv2"
CTV3 = "http://read.info/ctv3"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ETHNICITY_ENGLAND = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
ETHNICITY_WALES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryWales"
ETHNICITY_SCOTLAND = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryScotland"
ETHNICITY_RETIRED = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory"
ETHNIC_CATEGORIES = frozenset({ETHNICITY_ENGLAND, ETHNICITY_WALES, ETHNICITY_SCOTLAND, ETHNICITY_RETIRED})
"""Their codes are letters and figures: case and spaces around them are a matter of spelling."""
ETHNICITY_2021 = "urn:hi-fhir:ethnic-category-2021"

_SNOMED_LENGTHS = range(6, 19)


def is_snomed_id(code: str) -> bool:
    """Whether `code` has the shape of a SNOMED CT concept id and a right check digit."""
    return snomed_fault(code) is None


def snomed_fault(code: str) -> str | None:
    """Why `code` is no concept id of SNOMED CT; None where it has the shape of one and a right check digit.

    Source: SNOMED CT Technical Implementation Guide, SCTID check digit (Verhoeff).
    """
    if not code.isascii() or not code.isdigit():
        return "it is not digits alone: did a spreadsheet write it short, or is it a term?"
    if code[0] == "0" or len(code) not in _SNOMED_LENGTHS:
        return "it has 6 to 18 digits, of which the first is no 0: did a spreadsheet round it?"
    check = 0
    for index, digit in enumerate(reversed(code)):
        check = _PRODUCTS[check][_PERMUTED[index % 8][int(digit)]]
    if check:
        return "its check digit is wrong: a digit mistyped?"
    if code[-3:-1] not in ("00", "10"):
        return "it is the id of a description or of a relationship: take that of the concept."
    return None


def _times(left: int, right: int) -> int:
    """The product of two elements of the dihedral group of order ten: 0 to 4 turn, 5 to 9 turn and flip."""
    if left < 5 and right < 5:
        return (left + right) % 5
    if left < 5:
        return 5 + (left + right - 5) % 5
    if right < 5:
        return 5 + (left - 5 - right) % 5
    return (left - right) % 5


_PERMUTE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_PERMUTED = [tuple(range(10))]
for _ in range(7):
    _PERMUTED.append(tuple(_PERMUTE[digit] for digit in _PERMUTED[-1]))
_PRODUCTS = [[_times(left, right) for right in range(10)] for left in range(10)]
