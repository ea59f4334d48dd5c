"""Immunization: the vaccine given, as rows of `immunization`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.coded import EFFECTIVE, ISSUED, add_rows, is_asked_for
from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Reference, ResourceId, VersionState


class Immunization(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Immunization"]
    id: ResourceId
    status: str
    patient: Reference
    meta: Meta | None = None
    vaccine_code: CodeableConcept | None = None
    occurrence_date_time: str | None = None
    recorded: str | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[Immunization, int], VersionState]:
    """A function that appends the rows of one Immunization and says what became of it."""

    def emit(record: Immunization, line: int) -> VersionState:
        if record.status == "entered-in-error":
            return VersionState.DELETED
        if not is_asked_for(context, record.vaccine_code):
            return VersionState.OUT_OF_SCOPE
        add_rows(
            context,
            "immunization",
            line,
            id_=record.id,
            subject=record.patient,
            contained=record.contained,
            datings=[
                (record.occurrence_date_time, "$.occurrenceDateTime", EFFECTIVE),
                (record.recorded, "$.recorded", ISSUED),
            ],
            status=record.status,
            parts=[("", record.vaccine_code)],
        )
        return VersionState.KEPT

    return emit
