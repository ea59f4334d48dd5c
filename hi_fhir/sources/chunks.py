"""How received lines are landed: in compressed chunks, so that a pull that was killed goes on where it stopped.

A *lane* is a sequence of chunks of one type, filled by one thread. What it took, and where its source is to be asked
next, stands in a small checkpoint under `.work`. Opening a lane cuts away all that is younger than its checkpoint.
Pages are not synced one by one: after a loss of power the open chunk is held against its checkpoint, and a lane that
fails this begins again. Finished chunks are synced before their receipt is written.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import zstandard

from hi_fhir.core.files import commit_bytes, owner_folder, sha256_file, sync_folder
from hi_fhir.core.manifests import Format
from hi_fhir.sources.messages import count_messages
from hi_fhir.tables.landed import PULL_AGAIN

WORK = ".work"
"""Folder of a pull for what is only needed until it is finished."""

_LEVEL = 1
_LINES = ".ndjson.zst"
_BLOCK = 1 << 20


class Receipt(msgspec.Struct, frozen=True):
    """One finished chunk. bytes: of its lines, before compression. sha256: of its file as it was landed."""

    type: str
    name: str
    lines: int
    bytes: int
    sha256: str


_RECEIPT_FORMAT = Format("receipt", Receipt, 1, PULL_AGAIN)


class LaneTally(msgspec.Struct):
    """What came along with a lane's lines and was not landed, by resource type; and entries that held nothing.

    entries: all that its pages held, counted as they came. distinct: different resources among the lines. There are
    neither in a lane that is filled from files. failed: messages that say that something failed, of all `outcomes`.
    """

    entries: int = 0
    included: dict[str, int] = {}
    outcomes: int = 0
    failed: int = 0
    empty: int = 0
    distinct: int = 0


class Checkpoint(msgspec.Struct):
    """How far a lane is. offset, lines, bytes: of its open chunk, which is number `part`; landed: lines of all parts.

    position: where its source goes on; what stands in it is the source's own affair.
    """

    part: int = 0
    offset: int = 0
    lines: int = 0
    bytes: int = 0
    landed: int = 0
    position: dict[str, int | str] = {}
    tally: LaneTally = msgspec.field(default_factory=LaneTally)
    done: bool = False


class Lane:
    """A sequence of chunks of one type, at most `limit` bytes of lines each, in the order in which they arrive."""

    def __init__(self, pull: Path, type_: str, name: str, limit: int) -> None:
        self.type, self.name = type_, name
        self._pull, self._limit = pull, limit
        self._folder = pull / type_
        self._path = owner_folder(pull / WORK) / f"{type_}-{name}.json"
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._file: int | None = None
        self._checkpoint: int | None = None
        self._mid_line = False
        self.at = self._read_checkpoint()
        self._cut()
        if not self._holds():
            self.reset()

    @property
    def done(self) -> bool:
        return self.at.done

    @property
    def landed(self) -> int:
        """Lines that it holds."""
        return self.at.landed

    def append(self, lines: bytes, count: int) -> None:
        """Land `count` lines as one compressed frame; the last one ends in a newline, unless the rest of it follows."""
        at = self.at
        if at.bytes and at.bytes + len(lines) > self._limit and not self._mid_line:
            self._close_chunk()
            at.part, at.offset, at.lines, at.bytes = at.part + 1, 0, 0, 0
        frame = self._compressor.compress(lines)
        _write(self._open(), frame)
        at.offset += len(frame)
        at.bytes += len(lines)
        at.lines += count
        at.landed += count
        self._mid_line = not lines.endswith(b"\n")

    def add_messages(self, lines: Iterable[bytes]) -> None:
        """Count lines that are messages of the server, none of which is landed."""
        found = count_messages(lines)
        self.at.tally.outcomes += found.all
        self.at.tally.failed += found.failed

    def checkpoint(self, **position: int | str) -> None:
        """All that was appended holds; its source goes on at `position`."""
        self.at.position = position
        if self._checkpoint is None:
            self._checkpoint = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(self._checkpoint, _line(self.at), 0)  # one call, which no signal cuts in two

    def rollback(self) -> None:
        """Drop what was appended since the last checkpoint."""
        self._release()
        self.at = self._read_checkpoint()
        self._cut()

    def reset(self) -> None:
        """Drop everything: the lane is as if it had never begun."""
        self._release()
        self._path.unlink(missing_ok=True)
        self.at = Checkpoint()
        self._cut()

    def finish(self) -> None:
        """Its source has nothing more: close the last chunk for good."""
        if self.at.lines:
            self._close_chunk()
        self._release()
        self.at.done = True
        commit_bytes(self._path, _line(self.at))

    def receipts(self) -> list[Receipt]:
        """Of a finished lane, in order."""
        paths = (self._chunk(part).with_suffix("").with_suffix(".json") for part in range(self.at.part + 1))
        return [_RECEIPT_FORMAT.read(path) for path in paths if path.exists()]

    def lines(self) -> Iterator[bytes]:
        """What it holds, line by line."""
        rest = b""
        for part in range(self.at.part + 1 if self.at.landed else 0):
            for block in _blocks(self._chunk(part)):
                lines = (rest + block).split(b"\n")
                rest = lines.pop()
                yield from lines

    def _chunk(self, part: int) -> Path:
        return self._folder / f"{self.name}-{part:03d}{_LINES}"

    def _open(self) -> int:
        if self._file is None:
            owner_folder(self._folder)
            self._file = os.open(self._chunk(self.at.part), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._file

    def _close_chunk(self) -> None:
        os.fsync(self._open())
        self._release()
        sync_folder(self._folder)
        path = self._chunk(self.at.part)
        name = path.name.removesuffix(_LINES)
        receipt = Receipt(self.type, name, self.at.lines, self.at.bytes, sha256_file(path))
        _RECEIPT_FORMAT.commit(self._folder / f"{name}.json", receipt)

    def _release(self) -> None:
        for handle in (self._file, self._checkpoint):
            if handle is not None:
                os.close(handle)
        self._file, self._checkpoint, self._mid_line = None, None, False

    def _read_checkpoint(self) -> Checkpoint:
        try:
            return msgspec.json.decode(self._path.read_bytes().partition(b"\n")[0], type=Checkpoint)
        except (FileNotFoundError, msgspec.DecodeError):  # not written yet, or lost with the power
            return Checkpoint()

    def _cut(self) -> None:
        """Cut away what is younger than the checkpoint."""
        if self.done:
            return
        for path in self._folder.glob(f"{self.name}-*"):
            part = int(path.name.removeprefix(f"{self.name}-").split(".")[0])
            if part > self.at.part or (part == self.at.part and (path.suffix == ".json" or not self.at.offset)):
                path.unlink()
        open_chunk = self._chunk(self.at.part)
        if self.at.offset and open_chunk.exists() and open_chunk.stat().st_size > self.at.offset:
            os.truncate(open_chunk, self.at.offset)

    def _holds(self) -> bool:
        """Whether the open chunk has the lines that its checkpoint tells of."""
        if self.done or not self.at.offset:
            return True
        try:
            found = [(block.count(b"\n"), len(block)) for block in _blocks(self._chunk(self.at.part))]
        except (FileNotFoundError, zstandard.ZstdError):
            return False
        return (sum(lines for lines, _ in found), sum(size for _, size in found)) == (self.at.lines, self.at.bytes)


def remove_pull(folder: Path) -> None:
    """Remove an unfinished pull; its plan first, so that what is left is never taken for one."""
    (folder / "plan.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_work(folder: Path) -> None:
    """Remove what a finished pull no longer needs."""
    shutil.rmtree(folder / WORK, ignore_errors=True)


def delete_lines(folder: Path) -> None:
    """Delete a pull's lines; its receipts and manifest stay."""
    for path in folder.glob(f"*/*{_LINES}"):
        path.unlink()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _line(checkpoint: Checkpoint) -> bytes:
    """Written over a longer one, it ends where its newline is."""
    return msgspec.json.encode(checkpoint) + b"\n"


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
