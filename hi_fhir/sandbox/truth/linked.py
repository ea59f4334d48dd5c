"""Which patient records are one person, by the rule `people`."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from hi_fhir.sandbox.people.model import Patient, SyntheticPerson, When
from hi_fhir.sandbox.truth.days import can_be
from hi_fhir.sandbox.truth.merged import merges

ELSEWHERE = "elsewhere"
"""A reference to a patient of another server, of whatever id."""

_NO_NUMBERS = ("invalid", "placeholder")


def people_of(person: SyntheticPerson) -> Iterator[SyntheticPerson]:
    """The person as the rule tells them apart: one, or as many as have a birth date that another of them contradicts.

    Without the records that are about a patient of another server, or one who is not there.
    """
    speakers = merges(person).speakers
    linked = set() if disagreeing(person) else {one.id for one in _numbered(person)}
    groups: dict[str, list[Patient]] = defaultdict(list)
    for patient in person.patients:
        speaker = speakers[patient.id]
        groups["" if speaker.id in linked else speaker.id].append(patient)
    seen = [one for one in person.records if one.reference != ELSEWHERE]
    for own in groups.values():
        ids = {patient.id for patient in own}
        yield SyntheticPerson(tuple(own), tuple(record for record in seen if record.patient_id in ids))


def disagreeing(person: SyntheticPerson) -> tuple[Patient, ...]:
    """The patients with one NHS number, if two of their birth dates cannot be the same; else none."""
    numbered = _numbered(person)
    spans = [_span(one.born) for one in numbered if one.born and can_be(one.born)]
    agree = not spans or max(first for first, _ in spans) <= min(last for _, last in spans)
    return () if agree else numbered


def unmerged(person: SyntheticPerson) -> tuple[Patient, ...]:
    """The patients who speak for themselves."""
    speakers = merges(person).speakers
    return tuple(one for one in person.patients if speakers[one.id] is one)


def _numbered(person: SyntheticPerson) -> tuple[Patient, ...]:
    """Those with a number that may be somebody's."""
    return tuple(one for one in unmerged(person) if one.nhs_number and one.nhs_number.standing not in _NO_NUMBERS)


def _span(when: When) -> tuple[date, date]:
    """The first and last day that a date may be."""
    if when.precision == "year":
        return when.day, date(when.day.year, 12, 31)
    if when.precision == "month":
        later = when.day.replace(day=28) + timedelta(days=4)
        return when.day, later - timedelta(days=later.day)
    return when.day, when.day
