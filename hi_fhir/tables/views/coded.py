"""What the clinical resource types have in common: who it is about, when it was, and its codings as rows."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from hi_fhir.tables.dates import NO_DAY, When, order_of
from hi_fhir.tables.views.elements import CodeableConcept, Context, PeriodElement, Reference

EFFECTIVE, ISSUED, IMPOSSIBLE = "effective", "issued", "impossible"
"""What dates a record: its clinically relevant date, or when it was written down; or nothing, since the only date that
it has is one that cannot be."""

Dating = tuple[str | tuple[str, ...] | None, str, str]
"""A date as received (None: there is none; of several the first counts), its JSON path and what it would date by."""

Part = tuple[str, CodeableConcept | None]
"""A component's name and its code."""


def starting(period: PeriodElement | None, path: str) -> Dating:
    """The start of a period as the date of a record."""
    return (period.start if period else None), f"{path}.start", EFFECTIVE


_CODED_BY = ("code", "vaccine_code", "medication_codeable_concept")


def own_concept(struct: type[msgspec.Struct]) -> Callable[[Any], CodeableConcept | None]:
    """What gives the concept by which a record of a type is asked for, its components apart."""
    name = next((name for name in _CODED_BY if name in struct.__struct_fields__), None)
    return attrgetter(name) if name else lambda _: None


def codes_of_components(record: Any) -> Iterable[CodeableConcept | None]:
    """The other concepts by which a record is asked for."""
    return (part.code for part in getattr(record, "component", ()))


def is_asked_for(context: Context, *concepts: CodeableConcept | None) -> bool:
    """Whether the scope takes a record of these codes."""
    asked = context.asked
    if asked is None:
        return True
    for concept in concepts:
        for coding in concept.coding if concept is not None else ():
            if coding.code and asked[coding.system, coding.code]:
                return True
    return False


class _Part(msgspec.Struct):
    code: CodeableConcept | None = None


class _Concepts(msgspec.Struct, rename="camel"):
    """Where each of the types that are asked for by code has its codes."""

    code: CodeableConcept | None = None
    vaccine_code: CodeableConcept | None = None
    medication_codeable_concept: CodeableConcept | None = None
    component: list[_Part] = []


_decode_concepts = msgspec.json.Decoder(_Concepts).decode


def concepts_of(line: bytes) -> list[CodeableConcept]:
    """The concepts by which a record is asked for, whatever else is wrong with it.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: they cannot be read.
    """
    found = _decode_concepts(line)
    own = (found.code, found.vaccine_code, found.medication_codeable_concept)
    return [concept for concept in (*own, *(part.code for part in found.component)) if concept is not None]


def add_rows(
    context: Context,
    table: str,
    line: int,
    *,
    id_: str,
    subject: Reference,
    contained: msgspec.Raw,
    datings: Iterable[Dating],
    status: str | None,
    parts: Iterable[Part],
    negation: str | None = None,
) -> None:
    """Append a row for each coding of each part; an uncoded part is one row with null code.

    datings: the first that gives a day counts.

    Raises:
        RefusedError: the subject or a date cannot be read.
    """
    patient = context.subjects.get(subject.reference)
    if patient is None:
        patient = context.subjects.of(subject, contained)
    span, at, dated_by = dated(context.read_date, datings)
    add, shapes, tail = context.clinical[table].add, context.shapes, (None, status, dated_by, None, negation)
    for component, concept in parts:
        coded = False
        for coding in concept.coding if concept is not None else ():
            if code := coding.code:
                coded = True
                add(patient, id_, shapes[component, coding.system, code, *tail], span, at, None, line)
        if not coded:
            add(patient, id_, shapes[component, None, None, *tail], span, at, None, line)


def dated(
    read_date: Callable[[str, str], When], datings: Iterable[Dating], impossible: bool = False
) -> tuple[int | None, int | None, str | None]:
    """Span, instant and what gave them: of the first date that is one. impossible: another was none already."""
    for given, path, by in datings:
        if given:
            span, at = read_date(given, path) if isinstance(given, str) else _first(read_date, given, path)
            if span is not None or at is not None:
                return span, at, by
            impossible = True
    return None, None, IMPOSSIBLE if impossible else None


def _first(read_date: Callable[[str, str], When], texts: Iterable[str], path: str) -> When:
    whens = [read_date(text, f"{path}[{number}]") for number, text in enumerate(texts)]
    days = [when for when in whens if when is not NO_DAY]
    return min(days, key=order_of, default=NO_DAY)
