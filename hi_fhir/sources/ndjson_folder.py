"""The simplest source: a folder of NDJSON files, plain or gzip, read in the order of their names."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from hi_fhir.core.config import SourceSettings
from hi_fhir.core.errors import NotFoundError, UserError
from hi_fhir.sources.chunks import Lane, remove_pull
from hi_fhir.sources.lines import record_pieces
from hi_fhir.sources.pulls import Pull, PullManifest
from hi_fhir.tables.bases import base_key, export_base
from hi_fhir.tables.views.registry import RESOURCE_TYPES

METHOD = "folder"

_ENDINGS = (".ndjson", ".ndjson.gz")
_BLOCK = 4 << 20
_NO_TYPE = "Resource"  # nothing tells what a file holds; flatten looks at each line


class File(msgspec.Struct, frozen=True):
    """One file, by its path within the folder. modified_ns: so that a changed folder is not taken for the same."""

    path: str
    type: str
    size: int
    modified_ns: int


class FolderPlan(msgspec.Struct, frozen=True):
    """bases: keys of the servers that the folder's manifests of exports say it came from."""

    files: tuple[File, ...]
    bases: tuple[str, ...] = ()


class _Header(msgspec.Struct, rename="camel"):
    resource_type: str


class _ExportManifest(msgspec.Struct):
    request: str
    output: list[msgspec.Raw]


def land(pull: Pull) -> PullManifest:
    """Land every line of the folder.

    Raises:
        NotFoundError: the folder holds no NDJSON.
        UserError: the folder or a file of it cannot be read, is damaged, or is not really there.
    """
    root, listed = Path(pull.source.address), _list(pull.source)
    if not listed.files:
        raise NotFoundError(
            f"source {pull.source.name}: its folder holds no .ndjson or .ndjson.gz file. Check the path."
        )
    if pull.plan(FolderPlan, lambda: listed) != listed:  # the folder changed since an earlier try began with it
        remove_pull(pull.folder)
        pull.plan(FolderPlan, lambda: listed)
    types = sorted({file.type for file in listed.files})
    lanes = [pull.lane(type_, "0000") for type_ in types]
    pull.progress.start("pull", sum(file.size for file in listed.files) >> 10, "kB")
    pull.side_by_side(partial(_land_files, pull, root, listed.files, lane) for lane in lanes)
    pull.check_failed(lanes, "Export again; what failed stands in the lines that are OperationOutcomes.")
    pull.progress.finish(f"{sum(lane.landed for lane in lanes)} lines from {len(listed.files)} files")
    return pull.manifest(lanes, pull.data_date.isoformat() if pull.data_date else None, {}, bases=listed.bases)


def _list(source: SourceSettings) -> FolderPlan:
    root = Path(source.address)
    try:
        return FolderPlan(tuple(_files(source.name, root)), tuple(_bases(root)))
    except OSError as error:
        raise UserError(
            f"source {source.name}: its folder cannot be read: {error.strerror}. Mend its rights."
        ) from error


def _files(source: str, root: Path) -> Iterator[File]:
    """In the order of their names."""
    inside = root.resolve()
    for path in sorted(_entries(root)):
        is_ndjson = path.name.endswith(_ENDINGS)
        is_within = path.resolve().is_relative_to(inside)
        if (is_ndjson or path.is_dir()) and not (is_within and path.exists()):
            raise UserError(
                f"source {source}: a link in its folder leads out of it, or nowhere, so records would be missing. Put "
                "the files themselves into the folder, or name the folder that they are in."
            )
        if is_ndjson and path.is_file():
            status = path.stat()
            yield File(path.relative_to(root).as_posix(), _type_of(path), status.st_size, status.st_mtime_ns)


def _bases(root: Path) -> Iterator[str]:
    """The key of the base that each manifest of an export in the folder says it was asked at."""
    for path in sorted(root.glob("*.json")):
        if path.is_file() and path.stat().st_size <= _BLOCK:
            try:
                manifest = msgspec.json.decode(path.read_bytes(), type=_ExportManifest)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue  # some other document
            key = base_key(export_base(manifest.request) or "")
            if key:
                yield key


def _entries(root: Path) -> Iterator[Path]:
    """Everything below `root`; links to folders are not gone into."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=fail):
        yield from (Path(folder, name) for name in (*folders, *names))


def _type_of(path: Path) -> str:
    """The type in the file's name, else that which its first line states."""
    named = path.name.split(".")[0]
    for type_ in (named, named.split("-")[0], named.split("_")[0]):
        if type_ in RESOURCE_TYPES:
            return type_
    try:
        with _open(path) as stream:
            stated = msgspec.json.decode(stream.readline(_BLOCK), type=_Header).resource_type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, EOFError, OSError, zlib.error):
        return _NO_TYPE
    return stated if stated in RESOURCE_TYPES else _NO_TYPE


def _open(path: Path) -> IO[bytes]:
    if path.name.endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(path, "rb"), _BLOCK)
    return path.open("rb", buffering=0)


def _land_files(pull: Pull, root: Path, files: tuple[File, ...], lane: Lane) -> None:
    """Land the files of the lane's type, from where an earlier try stopped."""
    first = int(lane.at.position.get("file", 0))
    for number, file in enumerate(files):
        if lane.done or file.type != lane.type:
            continue
        if number >= first:
            what = f"source {pull.source.name}: file number {number + 1} of {len(files)}, in order of names,"
            _land_file(pull, root / file.path, number, lane, what)
        pull.progress.advance(file.size >> 10)
        if pull.stop.is_set():
            return
    if not lane.done:
        lane.finish()


def _land_file(pull: Pull, path: Path, number: int, lane: Lane, what: str) -> None:
    offset = int(lane.at.position.get("offset", 0)) if lane.at.position.get("file") == number else 0
    is_whole = True
    for piece in record_pieces(_blocks(path, offset, what)):
        if piece.lines:
            lane.append(piece.lines, piece.records)
            is_whole = piece.lines.endswith(b"\n")
        lane.add_messages(piece.messages)
        offset += piece.size
        if is_whole:
            lane.checkpoint(file=number, offset=offset)
        if pull.stop.is_set():
            return
    lane.checkpoint(file=number + 1, offset=0)


def _blocks(path: Path, offset: int, what: str) -> Iterator[bytes]:
    """What a file holds from `offset` on. `what`: the file in words, since its name may tell whose it is.

    Raises:
        UserError: it is damaged, or cannot be read.
    """
    try:
        with _open(path) as stream:
            stream.seek(offset)
            yield from iter(partial(stream.read, _BLOCK), b"")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{what} is cut short or damaged. Copy it again.") from error
    except OSError as error:
        raise UserError(f"{what} cannot be read: {error.strerror}. Mend its rights, or copy it again.") from error
