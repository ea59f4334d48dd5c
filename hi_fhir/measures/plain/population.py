"""Words about the person."""

from hi_fhir.measures.examples import Person
from hi_fhir.measures.plain.days import in_window, years_between
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import population


@holds.register
def _(word: population.Registered, person: Person, setting: Setting) -> bool:
    return person.practice is not None


@holds.register
def _(word: population.Aged, person: Person, setting: Setting) -> bool | None:
    if person.born is None:
        return None
    age = years_between(person.born, setting.period.end)
    return (word.at_least or 0) <= age and (word.at_most is None or age <= word.at_most)


@holds.register
def _(word: population.SexIs, person: Person, setting: Setting) -> bool | None:
    return True if person.sex in word.sexes else None if person.sex == "unknown" else False


@holds.register
def _(word: population.EthnicityIs, person: Person, setting: Setting) -> bool:
    return person.ethnicity in word.answers


@holds.register
def _(word: population.EthnicGroupIs, person: Person, setting: Setting) -> bool | None:
    return person.ethnic_group_2021 in word.groups if person.ethnicity == "stated" else None


@holds.register
def _(word: population.DecileIs, person: Person, setting: Setting) -> bool | None:
    return None if person.imd_decile is None else person.imd_decile in word.deciles


@holds.register
def _(word: population.NhsNumberVerified, person: Person, setting: Setting) -> bool:
    return person.nhs_number == "verified"


@holds.register
def _(word: population.DeprivationLinked, person: Person, setting: Setting) -> bool:
    return person.imd_decile is not None


@holds.register
def _(word: population.RegistrationBegunWithin, person: Person, setting: Setting) -> bool:
    return person.registered_on is not None and in_window(person.registered_on, word.window, setting)
