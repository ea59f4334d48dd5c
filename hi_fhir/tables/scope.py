"""What a pull asks for: resource types and, for some, the codes. All else that arrives is out of scope, and counted."""

import msgspec

from hi_fhir.terminology.codings import Coding


class Scope(msgspec.Struct, frozen=True):
    """types: resource type to the sorted codes asked for, each `system|code`; None takes the whole type.

    A resource is in scope when its type is listed and, where codes are given, a coding of its code or of a component's
    code is among them (Condition.code, Procedure.code, Immunization.vaccineCode, Observation.code and
    Observation.component.code, MedicationRequest.medicationCodeableConcept). A coded value of an Observation is not:
    no search by code finds it, and every way in must give the same tables.
    """

    types: dict[str, tuple[str, ...] | None]
    since: str | None = None

    def codings(self, type_: str) -> list[Coding] | None:
        """The codes of a type that are asked for, in order; None: the whole type."""
        tokens = self.types[type_]
        return None if tokens is None else [Coding.read(token) for token in tokens]
