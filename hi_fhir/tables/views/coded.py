"""What the clinical resource types have in common: who it is about, when it was, and its codings as rows."""

from collections.abc import Iterable

import msgspec

from hi_fhir.tables.views.elements import CodeableConcept, Context, Period, Reference, codings

Dating = tuple[str | None, str]
"""A date as received (or None) and its JSON path."""

Part = tuple[str, CodeableConcept | None]
"""A component's name and its code."""


def starting(period: Period | None, path: str) -> Dating:
    """The start of a period as the date of a record."""
    return (period.start if period else None), f"{path}.start"


_CODED_BY = ("code", "vaccine_code", "medication_codeable_concept")


def own_concept(record: object) -> CodeableConcept | None:
    """The concept by which a record of a type that is asked for by code is asked for, its components apart."""
    return next((getattr(record, name) for name in _CODED_BY if hasattr(record, name)), None)


def is_asked_for(context: Context, concept: CodeableConcept | None) -> bool:
    """Whether the scope takes a record of this code."""
    asked = context.asked
    return asked is None or any(asked[coding.system, coding.code] for coding in codings(concept))


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
    effective: Iterable[Dating],
    issued: Dating = (None, ""),
    status: str | None,
    parts: Iterable[Part],
    negation: str | None = None,
) -> None:
    """Append a row for each coding of each part; an uncoded part is one row with null code.

    Raises:
        RefusedError: the subject or a date cannot be read.
    """
    patient = context.subjects.of(subject, contained)
    span, at, dated_by = _dated(context, effective, issued)
    rows, shapes = context.tables[table], context.shapes
    for component, concept in parts:
        found: list[tuple[str | None, str | None]] = [(c.system, c.code) for c in codings(concept)] or [(None, None)]
        for system, code in found:
            shape = shapes[component, system, code, None, status, dated_by, None, negation]
            rows.append((patient, id_, shape, span, at, None, line))


def _dated(context: Context, effective: Iterable[Dating], issued: Dating) -> tuple[int | None, int | None, str | None]:
    for text, path in effective:
        if text:
            return (*context.read_date(text, path), "effective")
    text, path = issued
    if text:
        return (*context.read_date(text, path), "issued")
    return None, None, None
