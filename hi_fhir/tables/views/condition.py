"""Condition: a diagnosis or problem, as rows of `condition`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.references import same_id
from hi_fhir.tables.views.coded import EFFECTIVE, ISSUED, add_rows, is_asked_for, starting
from hi_fhir.tables.views.elements import (
    CodeableConcept,
    Context,
    Meta,
    PeriodElement,
    Reference,
    ResourceId,
    VersionState,
    has_code,
)


class Condition(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Condition"]
    id: ResourceId
    subject: Reference
    meta: Meta | None = None
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    onset_date_time: str | None = None
    onset_period: PeriodElement | None = None
    recorded_date: str | None = None
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[Condition, int], VersionState]:
    """A function that appends the rows of one Condition and says what became of it."""

    def emit(record: Condition, line: int) -> VersionState:
        if has_code(record.verification_status, "entered-in-error"):
            return VersionState.DELETED
        record.id = same_id(record.id)
        if not is_asked_for(context, record.code):
            return VersionState.OUT_OF_SCOPE
        add_rows(
            context,
            "condition",
            line,
            id_=record.id,
            subject=record.subject,
            contained=record.contained,
            datings=[
                (record.onset_date_time, "$.onsetDateTime", EFFECTIVE),
                starting(record.onset_period, "$.onsetPeriod"),
                (record.recorded_date, "$.recordedDate", ISSUED),
            ],
            status=_status(record),
            parts=[("", record.code)],
        )
        return VersionState.KEPT

    return emit


def _status(record: Condition) -> str | None:
    if has_code(record.verification_status, "refuted"):
        return "refuted"
    if has_code(record.clinical_status, "resolved"):  # a code of one's own may stand before FHIR's
        return "resolved"
    stated = record.clinical_status.coding if record.clinical_status else []
    return next((coding.code for coding in stated if coding.code), None)
