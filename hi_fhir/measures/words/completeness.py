"""Words about how well a person's record is kept: whether a field is there, is one that can be, is specific, agrees."""

from dataclasses import dataclass

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import checked


@dataclass(frozen=True)
class BirthDateRecorded(Word):
    """A birth date, whole or in part, that can be. Never null."""


@dataclass(frozen=True)
class BirthDateExact(Word):
    """A birth date that can be and is known to the day; false where only its month or year is, or none. Never null."""


@dataclass(frozen=True)
class SexCompared(Word):
    """Two patient records or more, but for those that were merged into another, say a sex. Never null."""


@dataclass(frozen=True)
class SexConsistent(Word):
    """All patient records that say a sex say the same; null where fewer than two do."""


@dataclass(frozen=True)
class NhsNumberValid(Word):
    """An NHS number with a right check digit, no placeholder, verified or not. Never null."""


@dataclass(frozen=True)
class AddressRecorded(Word):
    """A home on the reference date with a postcode or a small area; null where the record is restricted."""


@dataclass(frozen=True)
class EthnicitySpecific(Word):
    """A stated ethnicity that is none of the categories of any other of a kind. Never null.

    It goes by the category of 2021 where the code tells it, else by that of 2001: Arab is specific, and among any other
    in 2001.
    """


@dataclass(frozen=True)
class EthnicityCompared(Word):
    """Two sources or more state the person's ethnicity. Never null.

    A source is the extension of one patient record, but for one that was merged into another, or the latest statement
    of all clinical records together.
    """


@dataclass(frozen=True)
class EthnicityConsistent(Word):
    """All sources that state the person's ethnicity state one category of 2001; null where fewer than two do."""


@dataclass(frozen=True)
class LanguageRecorded(Word):
    """A language that the person speaks, by a code or in words. Never null."""


@dataclass(frozen=True)
class InterpreterRecorded(Word):
    """Whether the person needs an interpreter is told, be it yes or no. Never null."""


@checked
def birth_date_recorded() -> Word:
    """A birth date that can be, if only its year is known."""
    return BirthDateRecorded()


@checked
def birth_date_exact() -> Word:
    """A birth date with its day, not its month or year alone."""
    return BirthDateExact()


@checked
def sex_compared() -> Word:
    """Two patient records of the person or more say a sex: female, male or other."""
    return SexCompared()


@checked
def sex_consistent() -> Word:
    """What two patient records or more say of the person's sex is the same."""
    return SexConsistent()


@checked
def nhs_number_valid() -> Word:
    """An NHS number that is there and right by its check digit, whether or not it was verified."""
    return NhsNumberValid()


@checked
def address_recorded() -> Word:
    """A home with a postcode or a small area, known or not; of a restricted record that is not told."""
    return AddressRecorded()


@checked
def language_recorded() -> Word:
    """A language that the person speaks (Patient.communication, or UK Core's extension of it)."""
    return LanguageRecorded()


@checked
def interpreter_recorded() -> Word:
    """Whether an interpreter is needed, be it yes or no, in the extensions of FHIR or of UK Core."""
    return InterpreterRecorded()


@checked
def ethnicity_specific() -> Word:
    """A category of ethnicity is stated that is none of any other of a kind, such as any other White background."""
    return EthnicitySpecific()


@checked
def ethnicity_compared() -> Word:
    """Two sources or more, patient records or clinical records, state the person's ethnicity."""
    return EthnicityCompared()


@checked
def ethnicity_consistent() -> Word:
    """What two sources or more state of the person's ethnicity is the same."""
    return EthnicityConsistent()
