"""Which patient records are one person, by the rule `people`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from hi_fhir.sandbox.people.model import Patient, Person, When
from hi_fhir.sandbox.truth.days import can_be

ELSEWHERE = "elsewhere"
"""A reference to a patient of another server, of whatever id."""

_NO_NUMBERS = ("invalid", "placeholder")


def people_of(person: Person) -> Iterator[Person]:
    """The person as the rule tells them apart: one, or as many as have a birth date that another of them contradicts.

    Without the records that are about a patient of another server.
    """
    seen = replace(person, records=tuple(one for one in person.records if one.reference != ELSEWHERE))
    if not disagreeing(person):
        yield seen
        return
    for patient in standing(person):
        own = tuple(one for one in person.patients if patient.id in (one.id, one.replaced_by))
        ids = {one.id for one in own}
        yield Person(own, tuple(record for record in seen.records if record.patient_id in ids))


def disagreeing(person: Person) -> tuple[Patient, ...]:
    """The patients with one NHS number, if two of their birth dates cannot be the same; else none."""
    numbered = [one for one in standing(person) if one.nhs_number and one.nhs_number.standing not in _NO_NUMBERS]
    spans = [_span(one.born) for one in numbered if one.born and can_be(one.born)]
    agree = not spans or max(first for first, _ in spans) <= min(last for _, last in spans)
    return () if agree else tuple(numbered)


def standing(person: Person) -> tuple[Patient, ...]:
    """The patients that no other has replaced."""
    return tuple(one for one in person.patients if one.replaced_by is None)


def _span(when: When) -> tuple[date, date]:
    """The first and last day that a date may be."""
    if when.precision == "year":
        return when.day, date(when.day.year, 12, 31)
    if when.precision == "month":
        later = when.day.replace(day=28) + timedelta(days=4)
        return when.day, later - timedelta(days=later.day)
    return when.day, when.day
