"""People whose number others have too: of so many that it is nobody's, or one person's, by the rule `people`."""

from collections.abc import Iterator
from dataclasses import replace

from hi_fhir.sandbox.people.model import SyntheticPerson
from hi_fhir.sandbox.truth.linked import unmerged

_SHARED_BY = 10
SHARED = "shared"


class Sharing:
    """Of those who share one number as few wait as it may still be somebody's with. All are of one source."""

    def __init__(self) -> None:
        self._waiting: list[SyntheticPerson] = []
        self._patients = 0

    def settled(self, person: SyntheticPerson) -> Iterator[SyntheticPerson]:
        """Of this person and those who wait: whose number is known for what it is."""
        if not any(one.nhs_number and one.nhs_number.standing == SHARED for one in person.patients):
            yield person
            return
        self._patients += sum(bool(one.nhs_number) for one in unmerged(person))
        self._waiting.append(person)
        if self._patients >= _SHARED_BY:
            yield from (_taken_for(one, "placeholder") for one in self._waiting)
            self._waiting.clear()

    def rest(self) -> Iterator[SyntheticPerson]:
        """Those who wait, as the one person whose number it is."""
        if self._waiting:
            patients = tuple(patient for one in self._waiting for patient in one.patients)
            records = tuple(record for one in self._waiting for record in one.records)
            yield _taken_for(SyntheticPerson(patients, records), "present")


def _taken_for(person: SyntheticPerson, standing: str) -> SyntheticPerson:
    patients = (
        replace(one, nhs_number=replace(one.nhs_number, standing=standing))
        if one.nhs_number and one.nhs_number.standing == SHARED
        else one
        for one in person.patients
    )
    return replace(person, patients=tuple(patients))
