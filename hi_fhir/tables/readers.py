"""The records of one resource type within a chunk: decoded, handed to the type's view, and their versions kept.

Lines that are good are read together, by the block; in a block that has a bad one each line is read by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hi_fhir.tables.keys import KeyBuffer
from hi_fhir.tables.lines import Block
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.views.coded import codes_of_components, is_asked_for, own_concept
from hi_fhir.tables.views.elements import Context, VersionState
from hi_fhir.tables.views.registry import View
from hi_fhir.terminology.code_systems import Asked

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RefusedError, RecursionError)
"""What the reading of a bad line raises."""

Refuse = Callable[[int, Exception], None]
"""Told the number of a line that could not be taken, and why."""


class OutOfScope(msgspec.Struct):
    """Records that nobody asked for: how many by type; and, by type and system, those whose codes are all of systems
    of which no code was asked for."""

    records: Counter[str] = msgspec.field(default_factory=Counter)
    foreign_codes: dict[str, Counter[str]] = msgspec.field(default_factory=lambda: defaultdict(Counter))


class RecordReader:
    """Takes the records of one type that is asked for."""

    def __init__(self, type_: str, view: View, context: Context, keys: KeyBuffer, out_of_scope: OutOfScope) -> None:
        decoder: Any = msgspec.json.Decoder(view.struct)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines
        self._emit = view.emitter(context)
        self._type, self._context, self._keys, self._out_of_scope = type_, context, keys, out_of_scope
        self._own_concept = own_concept(view.struct)

    def take_line(self, line: bytes, number: int) -> None:
        """Take one line in, or raise one of MALFORMED."""
        record = self._decode(line)
        self._keep([record], [self._emit(record, number)], [number])

    def records_of(self, block: Block) -> list[Any] | None:
        """The records of a block, a line each; None where it may have a line that is none."""
        return _documents(block, self._decode_lines)

    def take(self, records: Sequence[Any], first: int, refuse: Refuse) -> None:
        """Take the records of a block in. first: the number of its first line."""
        emit, refused = self._emit, False
        states: list[VersionState | None] = []
        add = states.append
        for number, record in enumerate(records, first):
            try:
                add(emit(record, number))
            except MALFORMED as error:
                add(None)
                refuse(number, error)
                refused = True
        numbers: Sequence[int] = range(first, first + len(records))
        if refused:
            good = [place for place, state in enumerate(states) if state is not None]
            records, numbers = [records[place] for place in good], [first + place for place in good]
        self._keep(records, [state for state in states if state is not None], numbers)

    def _keep(self, records: Sequence[Any], states: list[VersionState], numbers: Sequence[int]) -> None:
        """Keep the versions of records whose rows are made."""
        asked = self._context.asked
        if asked is not None and states.count(VersionState.KEPT) < len(states):
            if count := states.count(VersionState.OUT_OF_SCOPE):
                self._out_of_scope.records[self._type] += count
                self._count_foreign_codes(records, states, asked)
            if VersionState.DELETED in states:
                states = [self._judged(record, state) for record, state in zip(records, states, strict=True)]
        self._keys.add(records, states, numbers)

    def _count_foreign_codes(self, records: Sequence[Any], states: Sequence[VersionState], asked: Asked) -> None:
        """Count those out of scope whose codes are all of foreign systems."""
        concept_of, foreign_system, out_of_scope = self._own_concept, asked.foreign_system, VersionState.OUT_OF_SCOPE
        for record, state in zip(records, states, strict=True):
            if state is out_of_scope:
                concept = concept_of(record)
                codes = concept.coding if concept is not None else ()
                system = foreign_system(tuple([coding.system for coding in codes if coding.code]))
                if system is not None:
                    self._out_of_scope.foreign_codes[self._type][system] += 1

    def _judged(self, record: Any, state: VersionState) -> VersionState:
        """The state of a record, which is another if it is entered in error and nobody asked for its codes."""
        if state is not VersionState.DELETED:
            return state
        asked = is_asked_for(self._context, self._own_concept(record), *codes_of_components(record))
        return state if asked else VersionState.DELETED_OUT_OF_SCOPE


class _Header(msgspec.Struct, gc=False, rename="camel"):
    resource_type: str


class OtherReader:
    """Takes the records of a type that nobody asked for, once they are known to be of it."""

    def __init__(self, type_: str, out_of_scope: OutOfScope) -> None:
        self._type, self._out_of_scope = type_, out_of_scope

    def take_line(self, line: bytes, _number: int) -> None:
        """Count one line, or raise one of MALFORMED."""
        if _header(line).resource_type != self._type:
            raise RefusedError("misfiled")
        self._out_of_scope.records[self._type] += 1

    def records_of(self, block: Block) -> list[Any] | None:
        """The heads of the records of a block; None where it may have a line that is none."""
        return _documents(block, _headers)

    def take(self, records: Sequence[_Header], first: int, refuse: Refuse) -> None:
        """Count the records of a block. first: the number of its first line."""
        for number, record in enumerate(records, first):
            if record.resource_type == self._type:
                self._out_of_scope.records[self._type] += 1
            else:
                refuse(number, RefusedError("misfiled"))


_header_decoder = msgspec.json.Decoder(_Header)
_header, _headers = _header_decoder.decode, _header_decoder.decode_lines


def stated_type(line: bytes) -> str | None:
    """The type that a line says it is of."""
    try:
        return _header(line).resource_type
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _documents(block: Block, decode_lines: Callable[[bytes], list[Any]]) -> list[Any] | None:
    count = block.objects()
    if count:
        try:
            if not block.data.isascii():
                block.data.decode()  # also what is skipped unread must be UTF-8
            documents = decode_lines(block.data)
        except MALFORMED:
            return None
        if len(documents) == count:
            return documents
    return None
