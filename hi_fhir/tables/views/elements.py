"""The FHIR R4 elements that several resource types share, with just the fields that a table needs.

Strict types make a mistyped record an error with its JSON path; what a struct does not name is skipped unread.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, Protocol, TypeVar

import msgspec

from hi_fhir.tables.clinical_rows import ClinicalRows
from hi_fhir.tables.dates import When
from hi_fhir.tables.references import References
from hi_fhir.terminology.answers import Answers
from hi_fhir.terminology.code_systems import Asked, SystemNames
from hi_fhir.terminology.systems import UCUM

DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
"""An extension with this URL says that there is nothing, whatever else is there."""

ODS_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"


class CodingElement(msgspec.Struct, gc=False):
    system: str | None = None
    code: str | None = None


class CodeableConcept(msgspec.Struct, gc=False):
    coding: list[CodingElement] = []


class PeriodElement(msgspec.Struct, gc=False):
    start: str | None = None
    end: str | None = None


class AnswerCoding(CodingElement, gc=False):
    display: str | None = None


class AnswerElement(msgspec.Struct, gc=False):
    """A CodeableConcept that answers a question: its words count too."""

    coding: list[AnswerCoding] = []
    text: str | None = None


class QuantityElement(msgspec.Struct, gc=False):
    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class QuantityUnits(dict[tuple[str | None, str | None, str | None], str | None]):
    """The unit of a quantity by its system, code and words; as received, but for spaces around it.

    The code of UCUM; else the words; else the code, with its system where that is another.
    """

    def __init__(self, systems: SystemNames) -> None:
        super().__init__()
        self._systems = systems

    def __missing__(self, stated: tuple[str | None, str | None, str | None]) -> str | None:
        system = self._systems[stated[0]]
        code, words = ((text or "").strip() for text in stated[1:])
        if not code or (words and system != UCUM):
            unit: str | None = words or None
        else:
            unit = code if system in (None, UCUM) else f"{system}|{code}"
        self[stated] = unit
        return unit


class Identifier(msgspec.Struct, gc=False):
    system: str | None = None
    value: str | None = None
    use: str | None = None
    period: PeriodElement | None = None
    extension: "list[ExtensionElement]" = []


class Reference(msgspec.Struct, gc=False):
    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None


class ExtensionElement(msgspec.Struct, gc=False, rename="camel"):
    """An extension that is named by nothing, not even by null, is none of those that are looked for."""

    named: str | None = msgspec.field(default=None, name="url")
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_boolean: bool | str | None = None  # text by mistake loses nobody
    value_period: PeriodElement | None = None
    extension: "list[ExtensionElement]" = []

    @property
    def url(self) -> str:
        return self.named or ""


class Meta(msgspec.Struct, gc=False, rename="camel"):
    last_updated: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    version_id: str | None = None
    security: tuple[CodingElement, ...] = ()


Integer = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""An integer of FHIR, which has 32 bits, and what is larger by mistake as far as it is still a number of a table."""

ResourceId = Annotated[str, msgspec.Meta(min_length=1)]

Rows = list[tuple[Any, ...]]


K = TypeVar("K")


class Numbered(dict[K, int]):
    """Numbers for different things, in the order in which they are first asked for."""

    def __missing__(self, thing: K) -> int:
        number = self[thing] = len(self)
        return number


Shapes = Numbered[tuple[str | None, ...]]
"""Numbers for what few clinical rows differ in, `shapes.SHAPE`: component, system, code, unit, status, dated_by,
comparator and negation, in this order."""


class SubjectReader(Protocol):
    def get(self, reference: str | None) -> int | None:
        """The number of the patient of a reference that was read before, without the cost of a call of `of`."""
        ...

    def of(self, subject: Reference, contained: msgspec.Raw) -> int:
        """The number of the patient that a record is about; see `views.subjects`."""
        ...


class Context(msgspec.Struct):
    """What a view writes to and reads with, for one chunk.

    `clinical` has the columns of the clinical tables, `tables` the rows of the others. `patient` turns a source's id
    into a row's patient number, `subjects` does so for whom a record is about. `hashed` is the patient_id that a number
    stands for, `named_id` that of an identifier's system and value. `answers` tells denials.
    """

    clinical: dict[str, ClinicalRows]
    tables: dict[str, Rows]
    shapes: Shapes
    read_date: Callable[[str, str], When]
    patient: Callable[[str], int]
    subjects: SubjectReader
    references: References
    hashed: Callable[[int], str]
    named_id: Callable[[str, str], str]
    nhs_key: Callable[[str], str]
    asked: Asked | None
    answers: Answers
    systems: SystemNames


class VersionState(IntEnum):
    """What became of a version when it was read; its numbers are in the files of keys."""

    KEPT = 0
    DELETED = 1
    OUT_OF_SCOPE = 2
    TOMBSTONE = 3
    DELETED_OUT_OF_SCOPE = 4  # entered in error, and no code of it was asked for


def codings(concept: CodeableConcept | AnswerElement | None) -> list[CodingElement]:
    """The codings that carry a code; a concept without any is uncoded."""
    if concept is None:
        return []
    return [coding for coding in concept.coding if coding.code]


def has_code(concept: CodeableConcept | None, code: str) -> bool:
    return concept is not None and any(coding.code == code for coding in concept.coding)


def ods_identifiers(
    identifiers: Iterable[Identifier], systems: Mapping[str | None, str | None]
) -> list[tuple[str, PeriodElement]]:
    """The ODS codes among some identifiers with the period of each, in order of code; those of use `old` are none.

    systems: the name of each identifier system.

    A code whose period ended, or has not begun, is still one here: that is judged by the day that is asked about.
    """
    found = [
        (identifier.value.strip().upper(), identifier.period or PeriodElement())
        for identifier in identifiers
        if identifier.value and identifier.use != "old" and systems[identifier.system] == ODS_SYSTEM
    ]
    return sorted((entry for entry in found if entry[0]), key=lambda entry: entry[0])
