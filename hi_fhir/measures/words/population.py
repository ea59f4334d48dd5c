"""Words about the person: registration, age, ethnicity, NHS number and deprivation, which resolve has settled."""

from dataclasses import dataclass

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import checked, in_order, some_of
from hi_fhir.measures.words.windows import Window

ETHNIC_GROUPS = ("white", "mixed", "asian", "black", "other")
SEXES = ("female", "male", "other", "unknown")
DECILES = tuple(range(1, 11))
STATED = ("stated",)
ANSWERED = ("stated", "not-stated", "refused")


@dataclass(frozen=True)
class Registered(Word):
    """Registered with a practice on the reference date. Never null."""


@dataclass(frozen=True)
class Aged(Word):
    """Completed years at the period's end, both ends inclusive, None open; null without a birth date."""

    at_least: int | None
    at_most: int | None

    def __post_init__(self) -> None:
        in_order("ages", self.at_least, self.at_most)


@dataclass(frozen=True)
class SexIs(Word):
    """The sex that is recorded is one of `sexes`; null where it is unknown, unless that is asked for."""

    sexes: tuple[str, ...]

    def __post_init__(self) -> None:
        some_of("sex", self.sexes, SEXES)


@dataclass(frozen=True)
class EthnicityIs(Word):
    """What is known of the person's ethnicity is one of `answers`. Never null."""

    answers: tuple[str, ...]


@dataclass(frozen=True)
class EthnicGroupIs(Word):
    """The stated ethnicity is in one of these of the five groups of 2021; null where none is stated."""

    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        some_of("ethnic_group", self.groups, ETHNIC_GROUPS)


@dataclass(frozen=True)
class DecileIs(Word):
    """The home is in one of these tenths of England by the run's IMD, 1 most deprived; null where it is not linked."""

    deciles: tuple[int, ...]

    def __post_init__(self) -> None:
        some_of("imd_decile", self.deciles, DECILES)


@dataclass(frozen=True)
class NhsNumberVerified(Word):
    """An NHS number that is present, valid and verified. Never null."""


@dataclass(frozen=True)
class DeprivationLinked(Word):
    """A deprivation rank of the run's IMD year. Never null."""


@dataclass(frozen=True)
class RegistrationBegunWithin(Word):
    """The registration began in the window. One without a start counts as begun before it. Never null."""

    window: Window


@checked
def registered() -> Word:
    """Registered with a practice on the reference date: what every initial population begins with."""
    return Registered()


@checked
def aged(at_least: int | None = None, at_most: int | None = None) -> Word:
    """Completed years at the period's end, both ends inclusive."""
    return Aged(at_least, at_most)


@checked
def sex(*sexes: str) -> Word:
    """Recorded as one of female, male, other and unknown (Patient.gender)."""
    return SexIs(sexes)


@checked
def ethnicity_recorded() -> Word:
    """Stated, not stated or refused; neither not recorded nor not known."""
    return EthnicityIs(ANSWERED)


@checked
def ethnicity_stated() -> Word:
    """A category of ethnicity is stated."""
    return EthnicityIs(STATED)


@checked
def ethnic_group(*groups: str) -> Word:
    """A stated ethnicity of one of white, mixed, asian, black and other, as in 2021: Chinese is asian."""
    return EthnicGroupIs(groups)


@checked
def imd_decile(*deciles: int) -> Word:
    """Living in one of these tenths of England, 1 most deprived; 1 and 2 are Core20."""
    return DecileIs(deciles)


@checked
def nhs_number_verified() -> Word:
    """An NHS number that is there, valid and verified."""
    return NhsNumberVerified()


@checked
def deprivation_linked() -> Word:
    """The address has a rank of the run's index of multiple deprivation."""
    return DeprivationLinked()


@checked
def registration_begun(within: Window) -> Word:
    """The registration with the practice began in the window."""
    return RegistrationBegunWithin(within)
