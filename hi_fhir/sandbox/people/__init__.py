"""The sandbox's synthetic people: made anew from their seed and number whenever they are asked for, all as values."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import overload

from hi_fhir.core.errors import ConfigError
from hi_fhir.sandbox.people.doubts import with_doubts
from hi_fhir.sandbox.people.ethnicity import extension, write_ethnicity
from hi_fhir.sandbox.people.history import write_history, write_opt_out
from hi_fhir.sandbox.people.homes import with_homes
from hi_fhir.sandbox.people.identity import MOST_PEOPLE, address, birth, death, name, nhs_number, sex
from hi_fhir.sandbox.people.languages import with_languages
from hi_fhir.sandbox.people.merges import with_merges
from hi_fhir.sandbox.people.model import PERIOD_END, Patient, SyntheticPerson, When
from hi_fhir.sandbox.people.notes import Notes
from hi_fhir.sandbox.people.occasions import with_occasions
from hi_fhir.sandbox.people.other_care import with_other_care
from hi_fhir.sandbox.people.qualified import with_qualified
from hi_fhir.sandbox.people.registration_details import with_registration_details
from hi_fhir.sandbox.people.registrations import registrations, two_registrations
from hi_fhir.sandbox.people.slips import with_slips
from hi_fhir.sandbox.people.visits import with_visits

__all__ = ["SyntheticPeople", "make_people"]

_IN_TWO_RECORDS = 0.03
_RESTRICTED, _INACTIVE, _ACTIVE_UNSAID = 0.02, 0.02, 0.1
_USUAL_AGE = 40


class SyntheticPeople(Sequence[SyntheticPerson]):
    """People 0 to `count` - 1 of a seed. None of them is kept: however many there are, they take no memory."""

    def __init__(self, numbers: range, seed: int) -> None:
        self._numbers, self._seed = numbers, seed

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> SyntheticPerson: ...
    @overload
    def __getitem__(self, place: slice) -> "SyntheticPeople": ...
    def __getitem__(self, place: int | slice) -> "SyntheticPerson | SyntheticPeople":
        if isinstance(place, slice):
            return SyntheticPeople(self._numbers[place], self._seed)
        return _person(self._seed, self._numbers[place])

    def __iter__(self) -> Iterator[SyntheticPerson]:
        return (_person(self._seed, number) for number in self._numbers)


def make_people(count: int, seed: int) -> Sequence[SyntheticPerson]:
    """`count` people, the same for the same seed; the first of more are the same as those of fewer.

    Raises:
        ConfigError: more than MOST_PEOPLE, for whom there are no numbers.
    """
    if count > MOST_PEOPLE:
        raise ConfigError(f"the sandbox has no more than {MOST_PEOPLE:,} people. Ask for fewer.")
    return SyntheticPeople(range(count), seed)


def _person(seed: int, number: int) -> SyntheticPerson:
    random = Random(f"{seed}/{number}")
    first = _patient(random, number)
    patients: tuple[Patient, ...] = (first,)
    if first.nhs_number and first.nhs_number.standing != "invalid" and random.random() < _IN_TWO_RECORDS:
        patients = _two_records(random, number, first)
    notes = Notes(random, [patient.id for patient in patients])
    write_ethnicity(notes, first.ethnicity)
    write_history(notes, _age(first.born))
    notes.random = Random(f"{seed}/{number}/opt-out")
    write_opt_out(notes)
    person = with_doubts(Random(f"{seed}/{number}/doubts"), SyntheticPerson(patients, tuple(notes.records)))
    person = with_merges(Random(f"{seed}/{number}/merges"), person)
    person = with_qualified(Random(f"{seed}/{number}/qualified"), person)
    person = with_occasions(Random(f"{seed}/{number}/occasions"), person)
    person = with_other_care(Random(f"{seed}/{number}/other-care"), person)
    person = with_homes(Random(f"{seed}/{number}/homes"), person)
    person = with_registration_details(Random(f"{seed}/{number}/named"), person)
    person = with_languages(Random(f"{seed}/{number}/languages"), person)
    person = with_visits(Random(f"{seed}/{number}/visits"), person)
    return with_slips(Random(f"{seed}/{number}/slips"), person)


def _patient(random: Random, number: int) -> Patient:
    given, family = name(random)
    roll = random.random()
    return Patient(
        id=f"sandbox-{number:06}",
        nhs_number=nhs_number(random, number),
        given=given,
        family=family,
        sex=sex(random),
        born=birth(random),
        address=address(random),
        active=False if roll < _INACTIVE else None if roll < _ACTIVE_UNSAID else True,
        death=death(random),
        restricted=random.random() < _RESTRICTED,
        ethnicity=extension(random),
        registrations=registrations(random),
    )


def _two_records(random: Random, number: int, first: Patient) -> tuple[Patient, Patient]:
    """The same person as two practices have it: one number and birth date, all else as each of them wrote it down."""
    one, other = two_registrations(random)
    second = _patient(random, number)
    standing = random.choice(("verified", "present"))
    number_again = replace(first.nhs_number, standing=standing) if first.nhs_number else None
    return (
        replace(first, registrations=one),
        replace(second, id=f"{first.id}-b", nhs_number=number_again, born=first.born, registrations=other),
    )


def _age(born: When | None) -> int:
    """About how old: what is usual to be recorded depends on it."""
    return PERIOD_END.year - born.day.year if born else _USUAL_AGE
