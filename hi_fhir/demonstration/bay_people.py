"""The sandbox's people moved to two networks, with a year more of records, and with differences that pages can show."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import (
    PERIOD_END,
    PERIOD_START,
    Patient,
    Record,
    Registration,
    SyntheticOrganisation,
    SyntheticPerson,
    When,
)
from hi_fhir.sandbox.people.places import BAY_PRACTICES, LSOAS_2021

_YEAR = timedelta(days=365)
_MEASURED = frozenset({"smoking-status", "bmi", "alcohol", "systolic-blood-pressure", "diastolic-blood-pressure"})
_BEFORE = {"Observation": 0.7, "Procedure": 0.7, "Encounter": 0.3}
"""How often a record of the year was made in the year before too: less often, so that there is a trend."""
_SIZES = (4, 3, 3, 2, 2, 2, 4, 3, 3, 2, 2, 2)
_KEPT_BY_PRACTICE = (1, 1, 0.9, 1, 0.5, 1, 0.95, 1, 0.9, 0.75, 1, 0.9)
_KEPT_IF_DEPRIVED, _KEPT_IF_ASIAN_OR_BLACK, _DEPRIVED = 0.55, 0.75, 0.2
_ASIAN_OR_BLACK = frozenset("HJKLMNP")


def bay_people(count: int, seed: int) -> tuple[SyntheticPerson, ...]:
    """The same for the same seed. Of the most deprived fifth of areas, of Asian and Black people and by some practices
    less was written down, and of everybody less in the year before: made up, as all of them are.
    """
    return tuple(
        _person(Random(f"{seed}/{number}/bays"), person) for number, person in enumerate(make_people(count, seed))
    )


def _person(random: Random, person: SyntheticPerson) -> SyntheticPerson:
    moved = _moves(random)
    patients = tuple(_moved(patient, moved) for patient in person.patients)
    records = (*person.records, *_year_before(random, person.records))
    kept = _kept(patients[0])
    return SyntheticPerson(patients, tuple(one for one in records if not _is_measured(one) or random.random() < kept))


def _moves(random: Random) -> Callable[[SyntheticOrganisation], SyntheticOrganisation]:
    """To where a practice is moved: those of one person stay different ones, and large ones are taken more often."""
    order = sorted(range(len(_SIZES)), key=lambda place: random.random() ** (1 / _SIZES[place]))
    taken: dict[str | None, SyntheticOrganisation] = {}

    def moved(one: SyntheticOrganisation) -> SyntheticOrganisation:
        id_ = one.part_of if one.kind == "branch" else one.id
        return taken.setdefault(id_, BAY_PRACTICES[order[-1 - len(taken)]])

    return moved


def _moved(patient: Patient, moved: Callable[[SyntheticOrganisation], SyntheticOrganisation]) -> Patient:
    return replace(patient, registrations=tuple(_at(one, moved) for one in patient.registrations))


def _at(one: Registration, moved: Callable[[SyntheticOrganisation], SyntheticOrganisation]) -> Registration:
    if one.practice is None or one.practice.kind not in ("practice", "branch"):
        return one
    return replace(one, practice=moved(one.practice))


def _year_before(random: Random, records: tuple[Record, ...]) -> Iterator[Record]:
    """Some of the records of the year that a measure reads, written a year earlier too."""
    for one in records:
        often = _BEFORE.get(one.type)
        if often and one.when and _is_in_year(one.when) and _is_read(one) and random.random() < often:
            yield replace(
                one, id=f"{one.id}-before", when=_earlier(one.when), issued=one.issued and _earlier(one.issued)
            )


def _is_in_year(when: When) -> bool:
    return when.precision == "day" and PERIOD_START <= when.day <= PERIOD_END


def _is_read(record: Record) -> bool:
    return record.type == "Encounter" or any(_meanings(record))


def _meanings(record: Record) -> Iterator[str]:
    codes = (record.code, *(part.code for part in record.components))
    return (code.means for code in codes if code and code.means)


def _earlier(when: When) -> When:
    return replace(when, day=when.day - _YEAR)


def _is_measured(record: Record) -> bool:
    return record.type == "Observation" and not _MEASURED.isdisjoint(_meanings(record))


def _kept(patient: Patient) -> float:
    """Which share of what was measured of a person was written down."""
    kept = 1.0
    for one in patient.registrations[-1:]:
        if one.practice in BAY_PRACTICES:
            kept = _KEPT_BY_PRACTICE[BAY_PRACTICES.index(one.practice)]
    place = patient.address.postcode.place if patient.address and patient.address.postcode else None
    if place and place.rank_2025 and place.rank_2025 <= _DEPRIVED * LSOAS_2021:
        kept *= _KEPT_IF_DEPRIVED
    if patient.ethnicity and patient.ethnicity.says in _ASIAN_OR_BLACK:
        kept *= _KEPT_IF_ASIAN_OR_BLACK
    return kept
