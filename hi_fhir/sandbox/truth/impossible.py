"""Which dates of a patient record cannot be and are taken for unknown, by the rule `registration`."""

from collections.abc import Iterable, Iterator

from hi_fhir.sandbox.people.model import Patient, When
from hi_fhir.sandbox.truth.days import can_be
from hi_fhir.sandbox.truth.deprivation import homes
from hi_fhir.sandbox.truth.stated import registrations


def impossible_dates(patient: Patient) -> Iterator[str]:
    """birth, death, home or registration, once for each that has a date which cannot be."""
    if _has_any((patient.born,)):
        yield "birth"
    if patient.death and _has_any((patient.death.when,)):
        yield "death"
    for home in homes(patient):
        if _has_any((home.since, home.until)):
            yield "home"
    for one in registrations(patient):
        if _has_any((one.start, one.end)):
            yield "registration"


def _has_any(dates: Iterable[When | None]) -> bool:
    return any(when and not can_be(when) for when in dates)
