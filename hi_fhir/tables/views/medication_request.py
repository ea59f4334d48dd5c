"""MedicationRequest: what was prescribed, as rows of `medication_request`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.coded import add_rows, is_asked_for
from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Reference, ResourceId, State


class MedicationRequest(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["MedicationRequest"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    medication_codeable_concept: CodeableConcept | None = None
    authored_on: str | None = None


def emitter(context: Context) -> Callable[[MedicationRequest, int], int]:
    """A function that appends the rows of one MedicationRequest and says what became of it."""

    def emit(record: MedicationRequest, line: int) -> int:
        if record.status == "entered-in-error":
            return State.DELETED
        if not is_asked_for(context, record.medication_codeable_concept):
            return State.NOT_ASKED_FOR
        add_rows(
            context,
            "medication_request",
            line,
            id_=record.id,
            subject=record.subject,
            effective=[(record.authored_on, "$.authoredOn")],
            status=record.status,
            parts=[("", record.medication_codeable_concept)],
        )
        return State.KEPT

    return emit
