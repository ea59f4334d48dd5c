"""Registration details, whose days stand apart from their practice, and practices by a code that is theirs no more."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted, before_period, in_period
from hi_fhir.sandbox.people.model import AS_OF, Patient, Registration, SyntheticPerson, When
from hi_fhir.sandbox.people.places import PRACTICES

_DAY = timedelta(days=1)
_KINDS = Weighted(
    {
        "": 88,
        "details": 4,
        "temporary": 1,
        "inactive": 1,
        "pending": 1,
        "leaving": 1,
        "to-come": 1,
        "ended": 1,
        "old-code": 2,
    }
)


def with_registration_details(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person with such registrations; `random` is for this alone, so that all else stays as it was."""
    return replace(person, patients=tuple(_with_details(random, patient) for patient in person.patients))


def _with_details(random: Random, patient: Patient) -> Patient:
    way, practice = _KINDS.pick(random), random.choice(PRACTICES)
    start = When(random.choice((before_period, before_period, in_period))(random))
    details = Registration("registration-details", None, start, temporary=random.choice((None, False)))
    match way:
        case "":
            return patient
        case "old-code":
            details = Registration("general-practitioner", practice, start, is_old=True)
        case "temporary":
            details = replace(details, temporary=True)
        case "inactive":
            details = replace(details, status=way, end=random.choice((None, When(AS_OF))))
        case "pending" | "leaving":
            details = replace(details, status=way)
        case "to-come":
            details = replace(details, start=When(AS_OF + _DAY))
        case "ended":
            details = replace(details, end=When(AS_OF - random.choice((0, 1)) * _DAY))
    return replace(patient, registrations=(details, *patient.registrations))
