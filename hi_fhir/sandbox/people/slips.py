"""Days of a life that cannot be, as systems write them for none, and births that are to come."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted
from hi_fhir.sandbox.people.model import AS_OF, DATA_DATE, Address, Death, Patient, Registration, SyntheticPerson, When

_DAY, _CENTURY = timedelta(days=1), timedelta(days=36_525)
_KINDS = Weighted({"": 88, "birth": 3, "edge": 1, "to-come": 2, "death": 3, "registration": 3, "home": 2.5})
_NEVER = tuple(
    map(When, (date.min, date(1753, 1, 1), date(1899, 12, 30), date(1900, 1, 1), date(2999, 1, 1), date.max))
)
_OLDEST = DATA_DATE.replace(year=DATA_DATE.year - 120)
"""The first birth date that can be."""


def with_slips(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with such days; `random` is for this alone, so that all else stays as it was."""
    is_one = len(person.patients) == 1
    return replace(person, patients=tuple(_slipped(random, patient, is_one=is_one) for patient in person.patients))


def _slipped(random: Random, patient: Patient, *, is_one: bool) -> Patient:
    """is_one: no other record of the person has a birth date, which this one's could contradict."""
    way, never = _KINDS.pick(random), random.choice(_NEVER)
    match way:
        case "birth":
            return replace(patient, born=never)
        case "edge" if is_one:
            return replace(patient, born=When(_OLDEST - random.choice((0, 1)) * _DAY))
        case "to-come" if is_one and patient.born:
            days = (AS_OF, AS_OF + _DAY, DATA_DATE, patient.born.day + _CENTURY)
            return replace(patient, born=When(random.choice(days)))
        case "death":
            return replace(patient, death=Death(never))
        case "registration":
            return replace(
                patient, registrations=tuple(_registered(random, one, never) for one in patient.registrations)
            )
        case "home":
            return replace(patient, address=_at_home(random, patient.address, never))
    return patient


def _registered(random: Random, one: Registration, never: When) -> Registration:
    """Only of those that have a start: the others are named without their days."""
    if one.start is None:
        return one
    return replace(one, start=never) if random.random() < 0.5 else replace(one, end=one.end or never)


def _at_home(random: Random, home: Address | None, never: When) -> Address | None:
    if home is None:
        return None
    return replace(home, since=never) if random.random() < 0.5 else replace(home, until=home.until or never)
