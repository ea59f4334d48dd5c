"""Words about how well a person's record is kept."""

from hi_fhir.measures.examples import Person
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import completeness

_OF_2001 = {"C", "G", "L", "P", "S"}
_OF_2021 = {"white-other", "mixed-other", "asian-other", "black-other", "other-any-other"}


@holds.register
def _(word: completeness.BirthDateRecorded, person: Person, setting: Setting) -> bool:
    return person.born is not None


@holds.register
def _(word: completeness.BirthDateExact, person: Person, setting: Setting) -> bool:
    return person.born is not None and person.birth_date_exact


@holds.register
def _(word: completeness.SexCompared, person: Person, setting: Setting) -> bool:
    return person.sex_agrees is not None


@holds.register
def _(word: completeness.SexConsistent, person: Person, setting: Setting) -> bool | None:
    return person.sex_agrees


@holds.register
def _(word: completeness.NhsNumberValid, person: Person, setting: Setting) -> bool:
    return person.nhs_number not in ("invalid", "placeholder", "absent")


@holds.register
def _(word: completeness.AddressRecorded, person: Person, setting: Setting) -> bool | None:
    return None if person.home == "restricted" else person.home != "no-postcode"


@holds.register
def _(word: completeness.LanguageRecorded, person: Person, setting: Setting) -> bool:
    return person.language_recorded


@holds.register
def _(word: completeness.InterpreterRecorded, person: Person, setting: Setting) -> bool:
    return person.interpreter in ("needed", "not-needed")


@holds.register
def _(word: completeness.EthnicitySpecific, person: Person, setting: Setting) -> bool:
    if person.ethnicity != "stated":
        return False
    if person.ethnic_category_2021:
        return person.ethnic_category_2021 not in _OF_2021
    return person.ethnic_category_2001 is not None and person.ethnic_category_2001 not in _OF_2001


@holds.register
def _(word: completeness.EthnicityCompared, person: Person, setting: Setting) -> bool:
    return person.ethnicity_agrees is not None


@holds.register
def _(word: completeness.EthnicityConsistent, person: Person, setting: Setting) -> bool | None:
    return person.ethnicity_agrees
