"""MedicationRequest: what was prescribed, as rows of `medication_request`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.coded import EFFECTIVE, add_rows, is_asked_for
from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Reference, ResourceId, VersionState
from hi_fhir.terminology.answers import DENIED

_NOT_ORDERED = frozenset({"proposal", "plan", "option"})


class MedicationRequest(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["MedicationRequest"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    medication_codeable_concept: CodeableConcept | None = None
    authored_on: str | None = None
    intent: str | None = None
    do_not_perform: bool = False
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[MedicationRequest, int], VersionState]:
    """A function that appends the rows of one MedicationRequest and says what became of it."""

    def emit(record: MedicationRequest, line: int) -> VersionState:
        if record.status == "entered-in-error":
            return VersionState.DELETED
        if not is_asked_for(context, record.medication_codeable_concept):
            return VersionState.OUT_OF_SCOPE
        add_rows(
            context,
            "medication_request",
            line,
            id_=record.id,
            subject=record.subject,
            contained=record.contained,
            datings=[(record.authored_on, "$.authoredOn", EFFECTIVE)],
            status=record.intent if record.intent in _NOT_ORDERED else record.status,
            parts=[("", record.medication_codeable_concept)],
            negation=DENIED if record.do_not_perform else None,
        )
        return VersionState.KEPT

    return emit
