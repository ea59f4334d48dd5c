"""Observation: its code, its components and their coded values, as rows of `observation`."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from hi_fhir.tables.dates import When
from hi_fhir.tables.views.elements import (
    CodeableConcept,
    Context,
    Meta,
    Period,
    Quantity,
    QuantityUnits,
    Reference,
    ResourceId,
    State,
    codings,
)


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
    subjects, read_date, shapes, asked = context.subjects, context.read_date, context.shapes, context.asked
    units = QuantityUnits()

    def emit(record: Observation, line: int) -> int:
        status = record.status
        if status == "entered-in-error":
            return State.DELETED
        if asked is not None and not _is_asked_for(record, asked):
            return State.NOT_ASKED_FOR
        patient = subjects[record.subject.reference]
        if record.effective_date_time:
            dated_by: str | None = "effective"
            when: When = read_date(record.effective_date_time, "$.effectiveDateTime")
        else:
            when, dated_by = _otherwise_dated(record, read_date)
        span, at = when
        quantity, id_, coded = record.value_quantity, record.id, False
        if quantity is not None:
            value, unit = quantity.value, units[quantity.system, quantity.code, quantity.unit]
        else:
            value, unit = record.value_integer, None
        if record.code is not None:
            for coding in record.code.coding:
                if coding.code:
                    coded = True
                    shape = shapes["", coding.system, coding.code, unit, status, dated_by]
                    append((patient, id_, shape, span, at, value, line))
        if not coded:
            append((patient, id_, shapes["", None, None, unit, status, dated_by], span, at, value, line))
        if record.component or record.value_codeable_concept is not None:
            for component, concept, value, unit in _parts(record, units):
                for system, code in _coded(concept):
                    shape = shapes[component, system, code, unit, status, dated_by]
                    append((patient, id_, shape, span, at, value, line))
        return State.KEPT

    return emit


def _otherwise_dated(record: Observation, read_date: Callable[[str, str], When]) -> tuple[When, str | None]:
    """The date of an Observation without effectiveDateTime, and what gave it."""
    if record.effective_instant:
        return read_date(record.effective_instant, "$.effectiveInstant"), "effective"
    if record.effective_period is not None and record.effective_period.start:
        return read_date(record.effective_period.start, "$.effectivePeriod.start"), "effective"
    if record.issued:
        return read_date(record.issued, "$.issued"), "issued"
    return (None, None), None


def _parts(
    record: Observation, units: QuantityUnits
) -> Iterator[tuple[str, CodeableConcept | None, float | None, str | None]]:
    """The coded value and the components: name, code, value and unit."""
    if record.value_codeable_concept is not None:
        yield "value", record.value_codeable_concept, None, None
    for number, part in enumerate(record.component, 1):
        quantity = part.value_quantity
        if quantity is not None:
            yield str(number), part.code, quantity.value, units[quantity.system, quantity.code, quantity.unit]
        else:
            yield str(number), part.code, part.value_integer, None
        if part.value_codeable_concept is not None:
            yield f"{number}.value", part.value_codeable_concept, None, None


def _coded(concept: CodeableConcept | None) -> list[tuple[str | None, str | None]]:
    return [(coding.system, coding.code) for coding in codings(concept)] or [(None, None)]


def _is_asked_for(record: Observation, asked: frozenset[tuple[str | None, str]]) -> bool:
    concepts = [record.code, *(part.code for part in record.component)]
    return any((c.system, c.code) in asked for concept in concepts if concept for c in concept.coding)
