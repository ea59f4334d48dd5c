"""Homes that began on a day, that are to come, or that are several at once."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.chance import Ways, before_period, in_period
from hi_fhir.sandbox.people.model import AS_OF, Address, Patient, Person, When
from hi_fhir.sandbox.people.places import ENGLISH

_DAY = timedelta(days=1)
_WAYS = Ways({"": 86, "begun": 3, "on-the-day": 1.5, "to-come": 2, "between": 1.5, "moved": 3, "several": 3})


def with_homes(chance: Random, person: Person) -> Person:
    """The person with homes from a day on; `chance` is for this alone, so that all else stays as it was."""
    return replace(person, patients=tuple(_housed(chance, patient) for patient in person.patients))


def _housed(chance: Random, patient: Patient) -> Patient:
    way, home = _WAYS.pick(chance), patient.address
    other = Address(chance.choice(ENGLISH))
    if home is None or home.use not in ("home", None) or home.until:
        return patient
    if home.area_on_patient and chance.random() < 0.5:
        way = "to-come"
    match way:
        case "begun":
            return replace(
                patient, address=replace(home, since=When(chance.choice((before_period, in_period))(chance)))
            )
        case "on-the-day":
            return replace(patient, address=replace(home, since=When(AS_OF + chance.choice((0, 0, 1)) * _DAY)))
        case "to-come":
            last = AS_OF + chance.choice((1, 5)) * _DAY
            moves = replace(home, until=When(last))
            return replace(patient, address=moves, further=(replace(other, since=When(last + _DAY)),))
        case "between":
            last = AS_OF - chance.choice((1, 5)) * _DAY
            left, found = replace(home, until=When(last)), replace(other, since=When(AS_OF + _DAY))
            return replace(patient, address=found, further=(left,))
        case "moved":
            last = in_period(chance)
            left = replace(other, until=When(last))
            return replace(patient, address=replace(home, since=When(last + _DAY)), further=(left,))
        case "several":
            return replace(patient, address=_open(chance, home), further=(_open(chance, other),))
    return patient


def _open(chance: Random, home: Address) -> Address:
    """The home without an end, of use home or of none, since a day or since ever."""
    use = chance.choice(("home", None))
    return replace(home, use=use, since=When(before_period(chance)) if chance.random() < 0.6 else None)
