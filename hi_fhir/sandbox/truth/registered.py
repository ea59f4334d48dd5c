"""Who is registered where on the reference date, by the rule `registration`."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.people.model import AS_OF, Patient, Registration, SyntheticPerson
from hi_fhir.sandbox.truth.days import known
from hi_fhir.sandbox.truth.merged import merges
from hi_fhir.sandbox.truth.stated import deciding

_NO_START = date.min


class RegistrationStatus(NamedTuple):
    """Where a person stands. reason: registered, or why not. patient: the record that speaks for the person.

    practice: ODS code. since: None where the registration has no start. conflict: another practice's registration began
    on the same latest day.
    """

    reason: str
    patient: Patient | None = None
    practice: str = ""
    since: date | None = None
    conflict: bool = False


class _Claim(NamedTuple):
    """patient: who speaks for the record that states it. practice: ODS code."""

    patient: Patient
    registration: Registration
    practice: str

    @property
    def start(self) -> date:
        return known(self.registration.start) or _NO_START


def registration_of(person: SyntheticPerson, as_of: date = AS_OF) -> RegistrationStatus:
    speakers = merges(person).speakers
    unmerged = [patient for patient in person.patients if speakers[patient.id] is patient]
    if any(_is_dead(patient, as_of) for patient in unmerged):
        return RegistrationStatus("dead")
    born = [day for patient in unmerged if (day := known(patient.born))]
    if born and min(born) > as_of:
        return RegistrationStatus("not-born")
    stated = [
        _Claim(speakers[patient.id], *one)
        for patient in person.patients
        for one in deciding(patient)
        if speakers[patient.id] is patient or one.registration.kind == "episode"
    ]
    if not stated:
        return RegistrationStatus("no-registration")
    active = [one for one in stated if one.patient.active is not False]
    regular = [one for one in active if not one.registration.temporary]
    begun = [one for one in regular if one.start <= as_of]
    current = [one for one in begun if _is_current(one.registration, as_of)]
    for left, reason in ((active, "inactive"), (regular, "temporary"), (begun, "not-begun"), (current, "left")):
        if not left:
            return RegistrationStatus(reason)
    return _latest(current)


def _is_current(registration: Registration, as_of: date) -> bool:
    """What is finished or inactive since a day that it does not name is over."""
    end = known(registration.end)
    return end >= as_of if end else registration.status not in ("finished", "inactive")


def _is_dead(patient: Patient, as_of: date) -> bool:
    """Dead by the reference date; an undated death counts."""
    if patient.death is None:
        return False
    return patient.death.when is None or patient.death.when.day <= as_of


def _latest(current: Sequence[_Claim]) -> RegistrationStatus:
    latest = max(one.start for one in current)
    rivals = [one for one in current if one.start == latest]
    chosen = min(rivals, key=lambda one: one.practice)
    practices = {one.practice for one in rivals}
    since = known(chosen.registration.start)
    return RegistrationStatus("registered", chosen.patient, chosen.practice, since, len(practices) > 1)
