"""Encounter: its reasons, types and class, as rows of `encounter`."""

from collections.abc import Callable
from typing import Literal

import msgspec

from hi_fhir.tables.schema import REFERENCE
from hi_fhir.tables.views.coded import Part, add_rows, starting
from hi_fhir.tables.views.contained import find_contained
from hi_fhir.tables.views.elements import (
    DATA_ABSENT_REASON,
    CodeableConcept,
    CodingElement,
    Context,
    Meta,
    PeriodElement,
    Reference,
    ResourceId,
    VersionState,
    codings,
)


class _Problem(msgspec.Struct, gc=False):
    """A contained Condition that an encounter names as its reason."""

    code: CodeableConcept | None = None


class _Extension(msgspec.Struct, gc=False):
    url: str = ""


class _Class(CodingElement, gc=False):
    """The class of an encounter as FHIR R4 has it."""

    extension: list[_Extension] = []


class Encounter(msgspec.Struct, gc=False, rename="camel"):
    """class_: undecoded, since one that has another shape costs no record what else it says."""

    resource_type: Literal["Encounter"]
    id: ResourceId
    status: str
    subject: Reference
    meta: Meta | None = None
    type: list[CodeableConcept] = []
    reason_code: list[CodeableConcept] = []
    reason_reference: list[Reference] = []
    period: PeriodElement | None = None
    class_: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="class")
    contained: msgspec.Raw = msgspec.Raw()


def emitter(context: Context) -> Callable[[Encounter, int], VersionState]:
    """A function that appends the rows of one Encounter and says what became of it: one row at least for its reason."""

    def emit(record: Encounter, line: int) -> VersionState:
        if record.status == "entered-in-error":
            return VersionState.DELETED
        coded: list[Part] = [("", concept) for concept in record.reason_code if codings(concept)]
        referred = _referred(record, context) if record.reason_reference else []
        reasons: list[Part] = [*coded, *referred]
        if all(component for component, _ in reasons):
            reasons.append(("", None))
        types: list[Part] = [("type", concept) for concept in record.type if codings(concept)]
        add_rows(
            context,
            "encounter",
            line,
            id_=record.id,
            subject=record.subject,
            contained=record.contained,
            datings=[starting(record.period, "$.period")],
            status=record.status,
            parts=[*reasons, *types, *_classes(record.class_)],
        )
        return VersionState.KEPT

    return emit


_decode_class = msgspec.json.Decoder(_Class | None).decode


def _classes(stated: msgspec.Raw) -> list[Part]:
    """The class as a part: none where the record has none or says so, one without a code where it cannot be read.

    It cannot be where it has another shape (the text of DSTU2, the list of R5), or no code.
    """
    try:
        found = _decode_class(stated) if stated else None
    except msgspec.DecodeError:
        return [("class", None)]
    if found is None or any(one.url == DATA_ABSENT_REASON for one in found.extension):
        return []
    return [("class", CodeableConcept([found]))]


def _referred(record: Encounter, context: Context) -> list[Part]:
    """The reasons that are other records: the code of a Condition that is contained, else which it is.

    One that is named by an identifier, on another server or not there cannot be found. Words alone are no reference.
    """
    parts: list[Part] = []
    for reason in record.reason_reference:
        if reason.reference and reason.reference.startswith("#"):
            problem = find_contained(record.contained, reason.reference, "Condition", _Problem)
            parts.append(("", problem.code) if problem else ("reference", None))
        elif reason.reference or reason.identifier:
            found = context.references.record(reason.reference, reason.type or "Condition")
            place = CodeableConcept([CodingElement(REFERENCE + found[0], found[1])]) if found else None
            parts.append(("reference", place))
    return parts
