"""Procedure: what was done, as rows of `procedure`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.coded import EFFECTIVE, add_rows, is_asked_for, starting
from hi_fhir.tables.views.elements import (
    CodeableConcept,
    Context,
    Meta,
    PeriodElement,
    Reference,
    ResourceId,
    VersionState,
)


class Procedure(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Procedure"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    code: CodeableConcept | None = None
    performed_date_time: str | None = None
    performed_period: PeriodElement | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[Procedure, int], VersionState]:
    """A function that appends the rows of one Procedure and says what became of it."""

    def emit(record: Procedure, line: int) -> VersionState:
        if record.status == "entered-in-error":
            return VersionState.DELETED
        if not is_asked_for(context, record.code):
            return VersionState.OUT_OF_SCOPE
        add_rows(
            context,
            "procedure",
            line,
            id_=record.id,
            subject=record.subject,
            contained=record.contained,
            datings=[
                (record.performed_date_time, "$.performedDateTime", EFFECTIVE),
                starting(record.performed_period, "$.performedPeriod"),
            ],
            status=record.status,
            parts=[("", record.code)],
        )
        return VersionState.KEPT

    return emit
