"""Homes that began on a day, that are to come, or that are several at once."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted, before_period, in_period
from hi_fhir.sandbox.people.model import AS_OF, Address, Patient, SyntheticPerson, When
from hi_fhir.sandbox.people.places import ENGLISH

_DAY = timedelta(days=1)
_KINDS = Weighted({"": 86, "begun": 3, "on-the-day": 1.5, "to-come": 2, "between": 1.5, "moved": 3, "several": 3})


def with_homes(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with homes from a day on; `random` is for this alone, so that all else stays as it was."""
    return replace(person, patients=tuple(_housed(random, patient) for patient in person.patients))


def _housed(random: Random, patient: Patient) -> Patient:
    way, home = _KINDS.pick(random), patient.address
    other = Address(random.choice(ENGLISH))
    if home is None or home.use not in ("home", None) or home.until:
        return patient
    if home.area_on_patient and random.random() < 0.5:
        way = "to-come"
    match way:
        case "begun":
            return replace(
                patient, address=replace(home, since=When(random.choice((before_period, in_period))(random)))
            )
        case "on-the-day":
            return replace(patient, address=replace(home, since=When(AS_OF + random.choice((0, 0, 1)) * _DAY)))
        case "to-come":
            last = AS_OF + random.choice((1, 5)) * _DAY
            moves = replace(home, until=When(last))
            return replace(patient, address=moves, further=(replace(other, since=When(last + _DAY)),))
        case "between":
            last = AS_OF - random.choice((1, 5)) * _DAY
            left, found = replace(home, until=When(last)), replace(other, since=When(AS_OF + _DAY))
            return replace(patient, address=found, further=(left,))
        case "moved":
            last = in_period(random)
            left = replace(other, until=When(last))
            return replace(patient, address=replace(home, since=When(last + _DAY)), further=(left,))
        case "several":
            return replace(patient, address=_open(random, home), further=(_open(random, other),))
    return patient


def _open(random: Random, home: Address) -> Address:
    """The home without an end, of use home or of none, since a day or since ever."""
    use = random.choice(("home", None))
    return replace(home, use=use, since=When(before_period(random)) if random.random() < 0.6 else None)
