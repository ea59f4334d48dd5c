"""Observation: its code, its components and their coded values, as rows of `observation`."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from hi_fhir.tables.clinical_rows import NO_VALUE, NONE
from hi_fhir.tables.dates import NO_DAY
from hi_fhir.tables.views.coded import EFFECTIVE, ISSUED, Dating, dated, starting
from hi_fhir.tables.views.elements import (
    AnswerElement,
    CodeableConcept,
    CodingElement,
    Context,
    Integer,
    Meta,
    PeriodElement,
    QuantityElement,
    QuantityUnits,
    Reference,
    ResourceId,
    VersionState,
    codings,
)
from hi_fhir.terminology.answers import ABSENT, DENIED
from hi_fhir.terminology.code_systems import Asked


class Repeat(msgspec.Struct, gc=False, rename="camel"):
    bounds_period: PeriodElement | None = None


class Timing(msgspec.Struct, gc=False):
    event: list[str] = []
    repeat: Repeat | None = None


class ComponentElement(msgspec.Struct, gc=False, rename="camel"):
    code: CodeableConcept | None = None
    value_quantity: QuantityElement | None = None
    value_integer: Integer | None = None
    value_codeable_concept: AnswerElement | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    data_absent_reason: CodeableConcept | None = None


class Observation(msgspec.Struct, gc=False, rename="camel"):
    resource_type: Literal["Observation"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    code: CodeableConcept | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: PeriodElement | None = None
    effective_timing: Timing | None = None
    issued: str | None = None
    value_quantity: QuantityElement | None = None
    value_integer: Integer | None = None
    value_codeable_concept: AnswerElement | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    data_absent_reason: CodeableConcept | None = None
    component: tuple[ComponentElement, ...] = ()
    contained: msgspec.Raw = msgspec.Raw()


_UNCODED = (CodingElement(),)


def emitter(context: Context) -> Callable[[Observation, int], VersionState]:
    """A function that appends the rows of one Observation and says what became of it."""
    rows = context.clinical["observation"]
    add = rows.add
    add_patient, add_id, add_shape = rows.patient.append, rows.resource_id.append, rows.shape.append
    add_span, add_at, add_value, add_line = rows.span.append, rows.at.append, rows.value.append, rows.line.append
    subjects, read_date, shapes, asked = context.subjects, context.read_date, context.shapes, context.asked
    known_subject, subject_of = subjects.get, subjects.of
    units = QuantityUnits(context.systems)
    kept = VersionState.KEPT

    def emit(record: Observation, line: int) -> VersionState:
        status = record.status
        if status == "entered-in-error":
            return VersionState.DELETED
        if asked is not None and not _is_asked_for(record, asked):
            return VersionState.OUT_OF_SCOPE
        patient = known_subject(record.subject.reference)
        if patient is None:
            patient = subject_of(record.subject, record.contained)
        day = record.effective_date_time
        if day and (when := read_date(day, "$.effectiveDateTime")) is not NO_DAY:
            span, at = when
            dated_by: str | None = "effective"
        else:
            span, at, dated_by = dated(read_date, _otherwise_dated(record), bool(day))
        quantity, id_ = record.value_quantity, record.id
        value: float | None
        if quantity is not None and (value := quantity.value) is not None:
            unit, comparator = units[quantity.system, quantity.code, quantity.unit], quantity.comparator
            negation = None
        else:
            value, unit, comparator = record.value_integer, None, None
            negation = _negation(record, context)
            if negation == ABSENT and any(map(_has_value, record.component)):
                negation = None  # a panel has its values in its components
        span, at = NONE if span is None else span, NONE if at is None else at
        tail = unit, status, dated_by, comparator, negation
        coded = False
        if record.code is not None:
            for coding in record.code.coding:
                if code := coding.code:
                    coded = True
                    add_shape(shapes["", coding.system, code, *tail])
                    add_value(NO_VALUE if value is None else value)
                    add_patient(patient)
                    add_id(id_)
                    add_span(span)
                    add_at(at)
                    add_line(line)
        if not coded:
            add(patient, id_, shapes["", None, None, *tail], span, at, value, line)
        if record.component or record.value_codeable_concept is not None:
            for component, concept, value, unit, comparator, negation in _parts(record, units, context):
                for coding in codings(concept) or _UNCODED:
                    shape = shapes[component, coding.system, coding.code, unit, status, dated_by, comparator, negation]
                    add(patient, id_, shape, span, at, value, line)
        return kept

    return emit


def _otherwise_dated(record: Observation) -> Iterator[Dating]:
    """What dates an Observation whose effectiveDateTime does not."""
    yield record.effective_instant, "$.effectiveInstant", EFFECTIVE
    yield starting(record.effective_period, "$.effectivePeriod")
    if record.effective_timing is not None:
        yield from _begins(record.effective_timing)
    yield record.issued, "$.issued", ISSUED


def _begins(timing: Timing) -> Iterator[Dating]:
    """When a Timing begins: at its first event, else with its bounds.

    FHIR takes a Timing for the time between its outer limits, as it does a Period, which is dated by its start.
    """
    if timing.event:
        yield tuple(timing.event), "$.effectiveTiming.event", EFFECTIVE
    if timing.repeat is not None:
        yield starting(timing.repeat.bounds_period, "$.effectiveTiming.repeat.boundsPeriod")


_Part = tuple[str, CodeableConcept | AnswerElement | None, float | None, str | None, str | None, str | None]


def _parts(record: Observation, units: QuantityUnits, context: Context) -> Iterator[_Part]:
    """The coded value and the components: name, code, value, unit, comparator and negation."""
    if record.value_codeable_concept is not None:
        yield "value", record.value_codeable_concept, None, None, None, None
    for number, part in enumerate(record.component, 1):
        quantity = part.value_quantity
        if quantity is not None and quantity.value is not None:
            unit = units[quantity.system, quantity.code, quantity.unit]
            yield str(number), part.code, quantity.value, unit, quantity.comparator, None
        else:
            yield str(number), part.code, part.value_integer, None, None, _negation(part, context)
        if part.value_codeable_concept is not None:
            yield f"{number}.value", part.value_codeable_concept, None, None, None, None


def _negation(part: Observation | ComponentElement, context: Context) -> str | None:
    """What an Observation or component without a quantity says against what its code names: DENIED, NONE or ABSENT."""
    if part.value_boolean is not None:
        return None if part.value_boolean else DENIED
    if part.value_codeable_concept is not None:
        concept = part.value_codeable_concept
        return context.answers.of_concept(
            [(context.systems[one.system], one.code, one.display) for one in concept.coding], concept.text
        )
    if part.value_string is not None:
        return context.answers.of_words(part.value_string)
    if part.value_integer is not None:
        return None
    return ABSENT if part.data_absent_reason is not None or part.value_quantity is not None else None


def _has_value(part: ComponentElement) -> bool:
    """Whether something is said in a component."""
    if part.value_quantity is not None:
        return part.value_quantity.value is not None
    said = (part.value_integer, part.value_codeable_concept, part.value_string, part.value_boolean)
    return any(one is not None for one in said)


def _is_asked_for(record: Observation, asked: Asked) -> bool:
    if record.code is not None:
        for coding in record.code.coding:
            if asked[coding.system, coding.code]:
                return True
    parts = (part.code for part in record.component if part.code is not None) if record.component else ()
    return any(asked[coding.system, coding.code] for concept in parts for coding in concept.coding)
