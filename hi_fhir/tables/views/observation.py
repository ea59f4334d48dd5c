"""Observation: its code, its components and their coded values, as rows of `observation`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.views.elements import CodeableConcept, Context, Meta, Period, Quantity, Reference, ResourceId, State


class Component(msgspec.Struct, gc=False, rename="camel"):
    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_integer: int | None = None
    value_codeable_concept: CodeableConcept | None = None


class Observation(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Observation"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    code: CodeableConcept | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    value_quantity: Quantity | None = None
    value_integer: int | None = None
    value_codeable_concept: CodeableConcept | None = None
    component: list[Component] = []


def emitter(context: Context) -> Callable[[Observation, int], int]:
    """A function that appends the rows of one Observation and says what became of it."""
    append = context.tables["observation"].append
    subject, read_date, asked = context.subject, context.dates.read, context.asked

    def emit(record: Observation, line: int) -> int:
        status = record.status
        if status == "entered-in-error":
            return State.DELETED
        if asked is not None and not _is_asked_for(record, asked):
            return State.NOT_ASKED_FOR
        patient = subject(record.subject.reference, "$.subject.reference")
        when, dated_by = (None, None, None), None
        if record.effective_date_time:
            when, dated_by = read_date(record.effective_date_time, "$.effectiveDateTime"), "effective"
        elif record.effective_instant:
            when, dated_by = read_date(record.effective_instant, "$.effectiveInstant"), "effective"
        elif record.effective_period is not None and record.effective_period.start:
            when, dated_by = read_date(record.effective_period.start, "$.effectivePeriod.start"), "effective"
        elif record.issued:
            when, dated_by = read_date(record.issued, "$.issued"), "issued"
        start, end, at = when
        id_ = record.id

        def add(component: str, concept: CodeableConcept | None, value: float | None, unit: str | None) -> None:
            coded = False
            if concept is not None:
                for coding in concept.coding:
                    if coding.code:
                        append((patient, id_, component, coding.system, coding.code, start, end, value, unit, status, at, dated_by, line))
                        coded = True
            if not coded:
                append((patient, id_, component, None, None, start, end, value, unit, status, at, dated_by, line))

        add("", record.code, *_measured(record))
        if record.value_codeable_concept is not None:
            add("value", record.value_codeable_concept, None, None)
        if record.component:
            for number, part in enumerate(record.component, 1):
                add(str(number), part.code, *_measured(part))
                if part.value_codeable_concept is not None:
                    add(f"{number}.value", part.value_codeable_concept, None, None)
        return State.KEPT

    return emit


def _measured(record: Observation | Component) -> tuple[float | None, str | None]:
    """Value and unit as received: the unit's code, else its wording."""
    quantity = record.value_quantity
    if quantity is not None:
        return quantity.value, quantity.code or quantity.unit
    return record.value_integer, None


def _is_asked_for(record: Observation, asked: frozenset[tuple[str | None, str]]) -> bool:
    concepts = [record.code, *(part.code for part in record.component)]
    return any((c.system, c.code) in asked for concept in concepts if concept for c in concept.coding)
