"""The person that a record is about: by a reference to a patient of the source, or by an identifier alone."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from hi_fhir.tables.references import References, read_condition
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.views.contained import find_contained
from hi_fhir.tables.views.elements import Identifier, Reference
from hi_fhir.tables.views.nhs_number import NHS_NUMBER_SYSTEM, usable_number

_NAMES_NOBODY = ("another-server", "unreadable-subject", "unusable-identifier")
"""Why a reference is refused where an identifier beside it may still tell who is meant."""


class _Patient(msgspec.Struct, gc=False):
    """What tells who a contained Patient is."""

    identifier: list[Identifier] = []


class Subjects(dict[str | None, int]):
    """Patient numbers by reference as received; who is no patient of the source, and has no identifier, is refused.

    patient: the number of a patient by the id on the source. named: that of whoever has an identifier, by its system
    and value. systems: the name of each identifier system.
    """

    def __init__(
        self,
        patient: Callable[[str], int],
        named: Callable[[str, str], int],
        references: References,
        systems: Mapping[str | None, str | None],
        path: str,
    ) -> None:
        super().__init__()
        self._patient, self._named, self._references = patient, named, references
        self._systems, self._path = systems, path

    def of(self, subject: Reference, contained: msgspec.Raw) -> int:
        """The number of the patient that a record is about. contained: what the record carries within it.

        A reference to a patient of the source goes before an identifier beside it.

        Raises:
            RefusedError: it is about nobody, no patient, or somebody whom neither reference nor identifier tells.
        """
        try:
            return self[subject.reference]
        except KeyError:
            return self._by_identifier(subject, contained)
        except RefusedError as refused:
            if refused.kind not in _NAMES_NOBODY or (found := self._identified([subject.identifier])) is None:
                raise
            return found

    def __missing__(self, reference: str | None) -> int:
        """Raises KeyError where the text alone does not tell."""
        if not reference or reference.startswith("#"):
            raise KeyError(reference)
        condition = read_condition(reference)
        if condition:
            type_, system, value = condition
            if type_ != "Patient":
                raise RefusedError("subject-not-a-patient", self._path)
            number = self._identified([Identifier(system=system, value=value)])
            if number is None:
                raise RefusedError("unusable-identifier", self._path)
        else:
            number = self._patient(self._references.patient(reference, self._path))
        self[reference] = number
        return number

    def _by_identifier(self, subject: Reference, contained: msgspec.Raw) -> int:
        if subject.type not in (None, "Patient"):
            raise RefusedError("subject-not-a-patient", self._path)
        within = find_contained(contained, subject.reference, "Patient", _Patient)
        stated = [subject.identifier, *(within.identifier if within else ())]
        found = self._identified(stated)
        if found is not None:
            return found
        if any(stated):
            raise RefusedError("unusable-identifier", self._path)
        raise RefusedError("contained-subject" if subject.reference else "no-subject", self._path)

    def _identified(self, identifiers: Iterable[Identifier | None]) -> int | None:
        """The number of whoever has the NHS number among identifiers, else the first of them; None: none is usable."""
        usable = [(self._systems[one.system], one.value.strip()) for one in identifiers if one and one.value]
        for system, value in usable:
            if system == NHS_NUMBER_SYSTEM and (number := usable_number(value)):
                return self._named(system, number)
        others = (
            self._named(system, value) for system, value in usable if system and system != NHS_NUMBER_SYSTEM and value
        )
        return next(others, None)
