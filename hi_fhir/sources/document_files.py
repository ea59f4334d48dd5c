"""The JSON documents of a folder: each is read whole, and its records go to lanes of their types.

One thread reads them in order. What it has taken in stands in the checkpoints of the lanes; that of UNKNOWN_TYPE is
written last, so that a restart begins with the first file of which not everything is known to be landed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from hi_fhir.sources.chunks import WORK, Lane
from hi_fhir.sources.documents import DocumentRecord, NotRecordsError, as_line, read_document
from hi_fhir.sources.folder_reading import Folder, FolderFile
from hi_fhir.sources.kinds import DOCUMENTS, UNKNOWN_TYPE, UNREADABLE
from hi_fhir.sources.messages import OUTCOMES
from hi_fhir.sources.pulls import Pull
from hi_fhir.tables.bases import base_key
from hi_fhir.tables.tombstones import DELETED_FOLDER
from hi_fhir.tables.views.registry import RESOURCE_TYPES

_NAME = "0001"
_WAITING = 8 << 20  # bytes of lines that wait to be landed together
_SHOWN = 1 << 16  # bytes of a file that is none, which flatten then puts into quarantine
_MOST_NUMBERS = 20
_MOST_BASES = 20


class DocumentFiles:
    """`files` of a folder at work. Of types that nobody asked for records are counted, and not landed."""

    def __init__(self, pull: Pull, folder: Folder, files: Sequence[FolderFile]) -> None:
        self._pull, self._folder, self._files = pull, folder, files
        self._limit = pull.config.document_limit_mb << 20
        self._last = pull.lane(UNKNOWN_TYPE, _NAME)
        begun = (path.name.removesuffix(f"-{_NAME}.json") for path in (pull.folder / WORK).glob(f"*-{_NAME}.json"))
        self._lanes = {type_: pull.lane(type_, _NAME) for type_ in begun if type_ != UNKNOWN_TYPE}
        self._lanes[UNKNOWN_TYPE] = self._last
        self._waiting: dict[str, list[bytes]] = defaultdict(list)
        self._size = 0
        self._unread = str(self._last.at.position.get("unread", ""))
        self._bases = set(str(self._last.at.position.get("bases", "")).split())

    @property
    def lanes(self) -> list[Lane]:
        return list(self._lanes.values())

    @property
    def bases(self) -> list[str]:
        """Keys of the servers that addresses of entries name."""
        return sorted(self._bases)

    @property
    def notes(self) -> list[str]:
        """Files that are none of what is read."""
        numbers = self._unread.split()
        if not numbers:
            return []
        told = ", ".join(numbers[:_MOST_NUMBERS]) + (", ..." if len(numbers) > _MOST_NUMBERS else "")
        return [
            f"{len(numbers)} files are neither NDJSON nor a JSON document of FHIR; each stands in quarantine as one "
            f"record: number {told} in order of names"
        ]

    def land(self) -> None:
        """Land all files that are not landed yet."""
        begin = int(self._last.at.position.get("file", 0))
        for number, file in enumerate(self._files):
            if number >= begin and not self._last.done:
                self._land_file(number, file)
            self._pull.progress.advance(file.length >> 10)
            if self._pull.stop.is_asked():
                return
        if not self._last.done:
            self._flush()
            self._checkpoint(len(self._files))
            for lane in (*(lane for lane in self.lanes if lane is not self._last), self._last):
                if not lane.done:
                    lane.finish()

    def _land_file(self, number: int, file: FolderFile) -> None:
        for content in self._contents(file):
            if not content.strip():
                continue
            if file.kind == UNREADABLE:
                self._add_unread(number, file, content)
            elif file.type == OUTCOMES:
                self._last.add_messages([as_line(content)])
            else:
                self._add(number, file, content)
        if self._size > _WAITING:
            self._flush()
            self._checkpoint(number + 1)

    def _add(self, number: int, file: FolderFile, content: bytes) -> None:
        try:
            found = read_document(content)
        except NotRecordsError:
            if file.kind == DOCUMENTS:
                self._wait(number, UNKNOWN_TYPE, as_line(content))
            else:
                self._add_unread(number, file, content)
            return
        self._add_bases(found.bases)
        self._last.at.tally.outcomes += found.messages
        self._last.at.tally.empty += found.empty
        for record in found.records:
            self._add_record(number, record, is_of_deletions=file.type == DELETED_FOLDER)
            if self._size > _WAITING:
                self._flush()

    def _add_bases(self, bases: Iterable[str]) -> None:
        """Few servers are one source's own; addresses that are all of different ones name none."""
        for base in sorted(bases):
            key = base_key(base)
            if key and len(self._bases) < _MOST_BASES:
                self._bases.add(key)

    def _add_record(self, number: int, record: DocumentRecord, *, is_of_deletions: bool) -> None:
        if is_of_deletions or record.type == DELETED_FOLDER:
            self._wait(number, DELETED_FOLDER, record.line)
        elif record.type in self._pull.scope.types:
            self._wait(number, record.type, record.line)
        elif record.type in RESOURCE_TYPES:
            included = self._last.at.tally.included
            included[record.type] = included.get(record.type, 0) + 1
        else:
            self._wait(number, UNKNOWN_TYPE, record.line)

    def _add_unread(self, number: int, file: FolderFile, content: bytes) -> None:
        type_ = file.type if file.type in self._pull.scope.types else UNKNOWN_TYPE
        self._wait(number, type_, as_line(content[:_SHOWN]))
        self._unread = f"{self._unread} {file.number}".strip()

    def _wait(self, number: int, type_: str, line: bytes) -> None:
        """Have a line land with the next ones, unless it did before an earlier try ended."""
        lane = self._lanes.get(type_)
        if lane is None:
            lane = self._lanes[type_] = self._pull.lane(type_, _NAME)
        if int(lane.at.position.get("file", 0)) <= number:
            self._waiting[type_].append(line)
            self._size += len(line)

    def _flush(self) -> None:
        for type_, lines in self._waiting.items():
            self._lanes[type_].append(b"\n".join([*lines, b""]), len(lines))
        self._waiting.clear()
        self._size = 0

    def _checkpoint(self, number: int) -> None:
        """All before file `number` is landed."""
        for lane in self.lanes:
            if lane is not self._last:
                lane.checkpoint(file=number)
        self._last.checkpoint(file=number, unread=self._unread, bases=" ".join(self.bases))

    def _contents(self, file: FolderFile) -> Iterator[bytes]:
        """The documents of a file; the beginning of one that is none."""
        if file.kind == UNREADABLE:
            yield self._folder.head(file)[0]
            return
        parts: list[bytes] = []
        for block in self._folder.blocks(file):
            for number, part in enumerate(block.split(b"\n") if file.kind == DOCUMENTS else [block]):
                if number:
                    yield b"".join(parts)
                    parts.clear()
                parts.append(part)
            if sum(map(len, parts)) > self._limit:
                raise self._folder.error(
                    file,
                    f"has a JSON document of more than {self._limit >> 20:,} MB. Raise document_limit_mb, or have it "
                    "written as NDJSON.",
                )
        yield b"".join(parts)
