"""Encounter: its reasons and types, as rows of `encounter`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.coded import Part, add_rows, starting
from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Period, Reference, ResourceId, State, codings


class Encounter(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Encounter"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    type: list[CodeableConcept] = []
    reason_code: list[CodeableConcept] = []
    period: Period | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[Encounter, int], int]:
    """A function that appends the rows of one Encounter and says what became of it: one row at least for its reason."""

    def emit(record: Encounter, line: int) -> int:
        if record.status == "entered-in-error":
            return State.DELETED
        reasons: list[Part] = [("", concept) for concept in record.reason_code if codings(concept)] or [("", None)]
        types: list[Part] = [("type", concept) for concept in record.type if codings(concept)]
        add_rows(
            context,
            "encounter",
            line,
            id_=record.id,
            subject=record.subject,
            contained=record.contained,
            effective=[starting(record.period, "$.period")],
            status=record.status,
            parts=reasons + types,
        )
        return State.KEPT

    return emit
