"""The kernel: the lines of one landed chunk become rows, keys and refusals, each line by itself.

A good line costs one typed decode and a few tuples; a bad one costs no other. Every line is counted once, under the
type that it says it is, else under that of its chunk.
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import zstandard

from hi_fhir.core.errors import GateError
from hi_fhir.core.files import owner_folder, sha256_file
from hi_fhir.core.manifests import Format
from hi_fhir.tables.clinical_rows import ClinicalRows
from hi_fhir.tables.dates import date_reader
from hi_fhir.tables.identity import IdentityKey
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.keys import KeyBuffer, keys_file
from hi_fhir.tables.lines import Block, Oversized, read_blocks
from hi_fhir.tables.partial import TABLES, TableBuffer
from hi_fhir.tables.quarantine import QUARANTINE, diagnose, row
from hi_fhir.tables.readers import MALFORMED, OtherReader, OutOfScope, RecordReader, stated_type
from hi_fhir.tables.references import References, by_host, same_id
from hi_fhir.tables.refused import RefusedError
from hi_fhir.tables.schema import CLINICAL
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.shapes import SCHEMA as SHAPES
from hi_fhir.tables.shapes import shapes_file
from hi_fhir.tables.tombstones import DELETED_FOLDER, read_deletions
from hi_fhir.tables.views.elements import Context, Shapes
from hi_fhir.tables.views.registry import RESOURCE_TYPES, VIEWS, is_mislabelled
from hi_fhir.tables.views.subjects import Subjects
from hi_fhir.terminology.answers import Answers
from hi_fhir.terminology.code_systems import Asked, CodeSystems, SystemNames

KERNEL_VERSION = 19
"""Part of a snapshot's name: raise it whenever the same lines would give other rows."""


class ChunkTask(msgspec.Struct, frozen=True):
    """One chunk to flatten. `number` is its place in the pull; `folder` takes the results.

    sha256: of its file as it was landed. bases: keys of the source's own bases. answers: which answers are denials.
    """

    path: Path
    sha256: str
    type: str
    name: str
    number: int
    folder: Path
    source_id: str
    scope: Scope
    line_limit: int
    bases: tuple[str, ...]
    answers: Answers
    systems: CodeSystems


class ChunkResult(msgspec.Struct, frozen=True):
    """What became of a chunk's lines, by type. Written last: with it the chunk is done.

    keys: versions and deletions of the types in the scope.

    moved: how many records of each type came beside the lines of that type: one that states another type than its
    chunk's is one more of its own and one fewer of the chunk's, and a line of deletions is as many as it has.
    other_servers: references to resources of other servers, by their host and type. foreign_codes: of those not asked
    for the ones whose own codes are all of systems that the scope has no code of, by type and system.
    """

    lines: int
    moved: dict[str, int]
    out_of_scope: dict[str, int]
    quarantined: dict[str, dict[str, int]]
    rows: dict[str, int]
    keys: dict[str, int]
    other_servers: dict[str, dict[str, int]]
    foreign_codes: dict[str, dict[str, int]] = {}


_RESULT_FORMAT = Format(
    "result of a chunk",
    ChunkResult,
    3,
    "Remove the folder of its snapshot and flatten again.",
    {2: lambda content: {**content, "out_of_scope": content["not_asked_for"]}},
)


def flatten_chunk(task: ChunkTask, key: IdentityKey) -> ChunkResult:
    """Flatten one chunk into `task.folder`, or take what an earlier try finished there.

    Raises:
        GateError: the chunk is not what was landed.
    """
    done = task.folder / "done.json"
    if done.exists():
        return _RESULT_FORMAT.read(done)
    if sha256_file(task.path) != task.sha256:
        raise _damaged(task)
    owner_folder(task.folder)
    collecting = gc.isenabled()
    gc.disable()
    try:
        result = _Chunk(task, key).read()
    except zstandard.ZstdError as error:
        raise _damaged(task) from error
    finally:
        if collecting:
            gc.enable()
    _RESULT_FORMAT.commit(done, result)
    return result


def _damaged(task: ChunkTask) -> GateError:
    return GateError(
        f"chunk {task.type}/{task.name} of source {task.source_id} is not what was landed: its file was changed or "
        "damaged since. Pull again."
    )


class _Chunk:
    """The state of one chunk while it is read."""

    def __init__(self, task: ChunkTask, key: IdentityKey) -> None:
        self.task, self.key = task, key
        self.first_seq = task.number << 32
        self.chunk = f"{task.type}/{task.name}"
        self.clinical = {table: ClinicalRows(self.first_seq) for table in TABLES if TABLES[table] is CLINICAL}
        self.others = {table: TableBuffer(table, self.first_seq) for table in TABLES if table not in self.clinical}
        self.keys = {
            type_: KeyBuffer(self.first_seq, self._patient_id if type_ == "Patient" else None)
            for type_ in VIEWS
            if type_ in task.scope.types
        }
        self.deletions = 0
        self.refused: list[tuple[Any, ...]] = []
        self.moved: Counter[str] = Counter()
        self.out_of_scope = OutOfScope()
        self.quarantined: dict[str, Counter[str]] = defaultdict(Counter)
        self.patient_ids: list[str] = []
        self.patient_numbers: dict[str, int] = {}
        self.named_numbers: dict[tuple[str, str], int] = {}
        self.shapes = Shapes()
        self.references = References(frozenset(task.bases))
        self.systems = SystemNames(task.systems)
        self.read_date = date_reader()
        self.readers: dict[str, RecordReader | OtherReader] = {}

    def read(self) -> ChunkResult:
        number = 0
        for block in read_blocks(self.task.path, self.task.line_limit):
            number = self._take_block(block, number + 1)
            self._drain()
        return self._finish(number)

    def _take_block(self, block: Block, first: int) -> int:
        """Take a block whose first line has this number; the number of its last."""
        refuse = partial(self._reroute, block, first)
        take: Callable[[bytes, int], None] = self._take_deletions
        if self.task.type != DELETED_FOLDER:
            reader = self._reader(self.task.type)
            records = reader.records_of(block)
            if records is not None:
                reader.take(records, first, refuse)
                return first + len(records) - 1
            take = reader.take_line
        for number, line in enumerate(block.lines, first):
            try:
                _check_text(line)
                take(line, number)
            except MALFORMED as error:
                refuse(number, error)
        return first + len(block.lines) - 1

    def _reader(self, type_: str) -> RecordReader | OtherReader:
        """What takes the records of a type in."""
        if type_ not in self.readers:
            asked = type_ in VIEWS and type_ in self.task.scope.types
            self.readers[type_] = (
                RecordReader(type_, VIEWS[type_], self._context(type_), self.keys[type_], self.out_of_scope)
                if asked
                else OtherReader(type_, self.out_of_scope)
            )
        return self.readers[type_]

    def _context(self, type_: str) -> Context:
        codings = self.task.scope.codings(type_)
        return Context(
            clinical=self.clinical,
            tables={table: buffer.rows for table, buffer in self.others.items()},
            shapes=self.shapes,
            read_date=self.read_date,
            patient=self._patient,
            subjects=Subjects(self._patient, self._named, self.references, self.systems, VIEWS[type_].subject),
            references=self.references,
            hashed=self.patient_ids.__getitem__,
            named_id=partial(self.key.named_id, self.task.source_id),
            nhs_key=self.key.nhs_key,
            asked=None if codings is None else Asked(codings, self.systems),
            answers=self.task.answers,
            systems=self.systems,
        )

    def _patient(self, id_: str) -> int:
        number = self.patient_numbers.get(id_)
        if number is None:
            same = same_id(id_)
            number = self._patient(same) if same != id_ else self._add_patient(id_)
            self.patient_numbers[id_] = number
        return number

    def _patient_id(self, id_: str) -> str:
        """The keyed hash that stands for a patient of the source."""
        return self.patient_ids[self._patient(id_)]

    def _named(self, system: str, value: str) -> int:
        """The number of whoever has this identifier."""
        number = self.named_numbers.get((system, value))
        if number is None:
            number = self.named_numbers[system, value] = len(self.patient_ids)
            self.patient_ids.append(self.key.named_id(self.task.source_id, system, value))
        return number

    def _add_patient(self, id_: str) -> int:
        self.patient_ids.append(self.key.patient_id(self.task.source_id, id_))
        return len(self.patient_ids) - 1

    def _reroute(self, block: Block, first: int, number: int, error: Exception) -> None:
        """A line that its chunk's type could not take: to its own type where it says another, else to quarantine.

        first: the number of the first line of its block.
        """
        line = block.lines[number - first]
        refuse = partial(self._refuse, block, number - first, number)
        if self.task.type == DELETED_FOLDER:
            refuse("Bundle", error)
            return
        type_ = stated_type(line)
        if type_ == "Bundle" != self.task.type:
            refuse(self.task.type, RefusedError("bundle", "$", "a Bundle among records: what it holds was not read"))
        elif type_ not in (None, self.task.type) and not isinstance(line, Oversized) and type_ in RESOURCE_TYPES:
            try:
                _check_text(line)
                if type_ == "OperationOutcome":
                    raise RefusedError("operation-outcome", "$", "a message of the server in place of a record")
                if is_mislabelled(line, type_, self.task.type):
                    raise RefusedError("misfiled", "$.resourceType", "has elements of another type than it says it is")
                self._reader(type_).take_line(line, number)
                self._move(type_)
            except MALFORMED as own_error:
                refuse(type_, own_error)
        elif type_ is not None and type_ not in RESOURCE_TYPES:
            refuse(self.task.type, RefusedError("unknown-type", "$.resourceType", "not a resource type of FHIR R4"))
        else:
            refuse(self.task.type, error)

    def _refuse(self, block: Block, place: int, number: int, type_: str, error: Exception) -> None:
        """place: of the line in its block."""
        lines = block.lines
        offset = block.offset + sum(map(len, lines[:place])) + place
        refusal = diagnose(lines[place], error)
        self.refused.append(row(type_, self.chunk, number, offset, refusal, lines[place]))
        self._move(type_)
        self.quarantined[type_][refusal.kind] += 1

    def _move(self, type_: str) -> None:
        """One of the chunk's lines is of this type."""
        self.moved[self.task.type] -= 1
        self.moved[type_] += 1

    def _take_deletions(self, line: bytes, _number: int) -> None:
        deletions = read_deletions(line)
        self.moved[DELETED_FOLDER] -= 1
        if not deletions:
            self.moved["Bundle"] += 1
            self.out_of_scope.records["Bundle"] += 1
        for deletion in deletions:
            self.moved[deletion.type] += 1
            if deletion.type in self.keys:
                self.deletions += 1
                self.keys[deletion.type].add_deletion(deletion, self.deletions)
            else:
                self.out_of_scope.records[deletion.type] += 1

    def _drain(self) -> None:
        for rows in self.clinical.values():
            rows.drain()
        for buffer in self.others.values():
            buffer.drain()

    def _finish(self, lines: int) -> ChunkResult:
        folder = self.task.folder
        rows = {}
        for table, buffer in (self.clinical | self.others).items():
            if count := buffer.write(folder / f"{table}.arrow", self.patient_ids):
                rows[table] = count
        shapes = [(part, self.systems[system], *others) for part, system, *others in self.shapes]
        write_ipc(shapes_file(folder), _table(shapes, SHAPES))
        keys = {}
        for type_, versions in self.keys.items():
            if count := versions.write(keys_file(folder, type_)):
                keys[type_] = count
        if self.refused:
            write_ipc(folder / "quarantine.arrow", _table(self.refused, QUARANTINE))
        return ChunkResult(
            lines=lines,
            moved={type_: count for type_, count in self.moved.items() if count},
            out_of_scope=dict(self.out_of_scope.records),
            quarantined={type_: dict(kinds) for type_, kinds in self.quarantined.items()},
            rows=rows,
            keys=keys,
            other_servers=by_host(self.references.elsewhere),
            foreign_codes={type_: dict(found) for type_, found in self.out_of_scope.foreign_codes.items()},
        )


def _check_text(line: bytes) -> None:
    """Raise UnicodeDecodeError where a line is not UTF-8, in unread fields too; refuse one that is too long."""
    if isinstance(line, Oversized):
        raise RefusedError("too-long", "$", "longer than the limit for a line")
    line.decode()


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
