"""What a patient record states of registrations and what of it is one with a practice, by the rule `registration`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from hi_fhir.sandbox.people.model import Patient, Registration, SyntheticOrganisation
from hi_fhir.sandbox.people.places import REGIONS

_NO_REGISTRATION = frozenset({"entered-in-error", "cancelled", "planned", "waitlist", "pending"})
_DETAILS = "registration-details"
_ORDER = ("episode", _DETAILS, "general-practitioner", "managing-organization")
_NAMED_BESIDE = ("managing-organization", "general-practitioner")
_PLACES = {one.id: one for region in REGIONS for one in region.organisations}
_REGISTERS = ("practice", "branch")


class Stated(NamedTuple):
    """A registration with a practice of this ODS code."""

    registration: Registration
    practice: str


def deciding(patient: Patient) -> Sequence[Stated]:
    """The registrations of the first kind that the record has any of; what is no registration states nothing."""
    real = [Stated(one, _practice(where).ods_code) for one, where, why in _claims(patient) if where and why is None]
    for kind in _ORDER:
        found = [one for one in real if one.registration.kind == kind]
        if found:
            return found
    return ()


def registrations(patient: Patient) -> list[Registration]:
    """All that is stated, registrations or not."""
    return [one for one, _, _ in _claims(patient)]


def left_out(patient: Patient) -> list[str]:
    """Of each thing stated that is no registration with a practice, why."""
    return [why for _, _, why in _claims(patient) if why]


def _claims(patient: Patient) -> Iterator[tuple[Registration, SyntheticOrganisation | None, str | None]]:
    """What is stated with the organisation that it names, and why it is no registration, if it is none."""
    for one in _said(patient):
        if one.status not in _NO_REGISTRATION:
            where = one.practice if one.by_identifier or one.practice is None else _PLACES.get(one.practice.id)
            yield one, where, _why_not(one, where)


def _said(patient: Patient) -> Iterator[Registration]:
    """What is named by a code that is the organisation's now, registration details with the practice of the patient."""
    said = [one for one in patient.registrations if not one.is_old]
    beside = next((one for kind in _NAMED_BESIDE for one in said if one.kind == kind), None)
    for one in said:
        yield _at(beside, one) if beside and one.kind == _DETAILS else one


def _at(beside: Registration, details: Registration) -> Registration:
    """The details of a registration with the practice that is named beside them, no longer than it is named."""
    ends = [end for end in (details.end, beside.end) if end]
    last = min(ends, key=lambda when: when.day, default=None)
    return replace(details, practice=beside.practice, by_identifier=beside.by_identifier, end=last)


def _why_not(one: Registration, where: SyntheticOrganisation | None) -> str | None:
    if one.care:
        return "episode-of-another-type"
    if where is None:
        return "no-organisation"
    if where.kind == "unknown":
        is_untyped = one.kind == "episode" and one.temporary is None
        return "episode-of-an-unknown-organisation" if is_untyped else None
    return None if where.kind in _REGISTERS else "not-a-practice"


def _practice(where: SyntheticOrganisation) -> SyntheticOrganisation:
    """A branch surgery's people are those of the practice that it is part of."""
    return _PLACES[where.part_of] if where.kind == "branch" and where.part_of else where
