"""What makes it hard to say who a person is: numbers that are none, merged and mistaken records, odd references."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people.chance import Ways
from hi_fhir.sandbox.people.model import PERIOD_START, Death, NhsNumber, Patient, Person, Record, Registration, When
from hi_fhir.sandbox.people.places import PRACTICES

_PLACEHOLDER, _MISTAKEN, _VAGUE, _MERGED = 0.3, 0.25, 0.15, 0.025
_IN_THE_OLD_RECORD = 0.4
_REFERENCES = Ways({"": 96, "elsewhere": 0.6, "by-number": 1.5, "by-identifier": 1.2, "contained": 0.7})
_OFTEN = ("Encounter", "Observation")
"""Types of which one record more or less in quarantine is no large share."""


def with_doubts(chance: Random, person: Person) -> Person:
    """The person as records may have them; `chance` is for this alone, so that all else stays as it was made."""
    patients = _numbered(chance, person.patients)
    mistaken = len({patient.born for patient in patients}) > 1
    records = [_referred(chance, one, patients, mistaken=mistaken) for one in person.records]
    if chance.random() < _MERGED:
        first = patients[0]
        patients = (*patients, _replaced(chance, first))
        records = [_moved(chance, one, first.id, patients[-1].id) for one in records]
    return Person(patients, tuple(records))


def _numbered(chance: Random, patients: tuple[Patient, ...]) -> tuple[Patient, ...]:
    """Some of those without a number have a placeholder; some second records another birth date, or less of it."""
    first, *others = patients
    if first.nhs_number is None and chance.random() < _PLACEHOLDER:
        first = replace(first, nhs_number=NhsNumber(chance.choice("0123456789") * 10, "placeholder"))
    return first, *(_born_again(chance, other) for other in others)


def _born_again(chance: Random, patient: Patient) -> Patient:
    roll, born = chance.random(), patient.born
    if born is None or born.precision != "day":
        return patient
    if roll < _MISTAKEN:
        return replace(patient, born=When(born.day - timedelta(days=chance.choice((1, 30, 3_650)))))
    if roll < _MISTAKEN + _VAGUE:
        return replace(patient, born=When(born.day.replace(month=1, day=1), "year"))
    return patient


def _replaced(chance: Random, survivor: Patient) -> Patient:
    """A record that the survivor has replaced, with what was right or wrong of the person when it was."""
    since = When(PERIOD_START + timedelta(days=chance.randrange(300)))
    practice = chance.choice(PRACTICES)
    kind = chance.choice(("episode", "general-practitioner"))
    return replace(
        survivor,
        id=f"{survivor.id}-old",
        nhs_number=None,
        sex=chance.choice(("female", "male", "other")),
        born=When(survivor.born.day - timedelta(days=400)) if survivor.born else None,
        active=chance.choice((False, False, True)),
        death=Death(None) if chance.random() < 0.2 else None,
        ethnicity=None,
        registrations=(Registration(kind, practice, since),),
        replaced_by=survivor.id,
    )


def _moved(chance: Random, record: Record, survivor: str, old: str) -> Record:
    """Some of the survivor's records were written of the old one, and still are about it."""
    is_moved = record.patient_id == survivor and chance.random() < _IN_THE_OLD_RECORD
    return replace(record, patient_id=old) if is_moved else record


def _referred(chance: Random, record: Record, patients: tuple[Patient, ...], *, mistaken: bool) -> Record:
    """A few records name their patient by a number or another identifier, or one of another server."""
    way, numbers = _REFERENCES.pick(chance), dict(_usable(patients))
    if way == "elsewhere" and record.type in _OFTEN and record.patient_id in {patient.id for patient in patients}:
        return replace(record, reference=way)
    if way == "by-number" and record.patient_id in numbers and not mistaken:
        return replace(record, reference=way, number=numbers[record.patient_id])
    if way in ("by-identifier", "contained"):
        return replace(record, reference=way)
    return record


def _usable(patients: tuple[Patient, ...]) -> Iterator[tuple[str, str]]:
    for patient in patients:
        if patient.nhs_number and patient.nhs_number.standing not in ("invalid", "placeholder"):
            yield patient.id, patient.nhs_number.value
