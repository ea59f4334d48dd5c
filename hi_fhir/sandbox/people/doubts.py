"""What makes it hard to say who a person is: numbers that are none, mistaken records, odd references."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.choices import Weighted
from hi_fhir.sandbox.people.model import NhsNumber, Patient, Record, SyntheticPerson, When

_PLACEHOLDER, _SHARED, _MISTAKEN, _VAGUE = 0.3, 0.75, 0.25, 0.15
_REFERENCES = Weighted({"": 96, "elsewhere": 0.6, "by-number": 1.5, "by-identifier": 1.2, "contained": 0.7})
_OF_MANY = "9999999018"
_OFTEN = ("Encounter", "Observation")
"""Types of which one record more or less in quarantine is no large share."""


def with_doubts(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    """The person as records may have them; `random` is for this alone, so that all else stays as it was made."""
    patients = _numbered(random, person.patients)
    mistaken = len({patient.born for patient in patients}) > 1
    records = [_referred(random, one, patients, mistaken=mistaken) for one in person.records]
    return SyntheticPerson(patients, tuple(records))


def _numbered(random: Random, patients: tuple[Patient, ...]) -> tuple[Patient, ...]:
    """Some of those without a number have a placeholder; some second records another birth date, or less of it."""
    first, *others = patients
    if first.nhs_number is None and random.random() < _PLACEHOLDER:
        first = replace(first, nhs_number=NhsNumber(random.choice("0123456789") * 10, "placeholder"))
    elif first.nhs_number is None and Random(f"{first.id}/shared").random() < _SHARED:
        first = replace(first, nhs_number=NhsNumber(_OF_MANY, "shared"))
    return first, *(_born_again(random, other) for other in others)


def _born_again(random: Random, patient: Patient) -> Patient:
    roll, born = random.random(), patient.born
    if born is None or born.precision != "day":
        return patient
    if roll < _MISTAKEN:
        return replace(patient, born=When(born.day - timedelta(days=random.choice((1, 30, 3_650)))))
    if roll < _MISTAKEN + _VAGUE:
        return replace(patient, born=When(born.day.replace(month=1, day=1), "year"))
    return patient


def _referred(random: Random, record: Record, patients: tuple[Patient, ...], *, mistaken: bool) -> Record:
    """A few records name their patient by a number or another identifier, or one of another server."""
    way, numbers = _REFERENCES.pick(random), dict(_usable(patients))
    if way == "elsewhere" and record.type in _OFTEN and record.patient_id in {patient.id for patient in patients}:
        return replace(record, reference=way)
    if way == "by-number" and record.patient_id in numbers and not mistaken:
        return replace(record, reference=way, number=numbers[record.patient_id])
    if way in ("by-identifier", "contained"):
        return replace(record, reference=way)
    return record


def _usable(patients: tuple[Patient, ...]) -> Iterator[tuple[str, str]]:
    for patient in patients:
        if patient.nhs_number and patient.nhs_number.standing not in ("invalid", "placeholder", "shared"):
            yield patient.id, patient.nhs_number.value
