"""What lies in a folder, told apart by place and content: records, deletions, messages, documents, and what is none.

A folder is what bulk clients and servers leave: NDJSON by type, `deleted/` and `error/` (Bulk Data Access, the parts of
a manifest), the manifest itself, `log.ndjson`, folders of several runs, Bundles one a file, all of it plain, gzip or in
a zip. Nothing is unpacked to disk, so no name within a zip can lead anywhere.
"""

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import msgspec

from hi_fhir.core.errors import UserError
from hi_fhir.sources.folder_reading import Folder, FolderFile
from hi_fhir.sources.kinds import EMPTY, OTHER, FileKind, is_zip, kind_of, may_hold_records
from hi_fhir.sources.packed import PackedBounds, PackedError

_MOST_MEMBERS = 1_000_000
_NOT_A_FILE = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def list_files(folder: Folder) -> Iterator[tuple[FolderFile, FileKind]]:
    """Every file of the folder in the order of their names, hidden ones left out, and what each is.

    Raises:
        UserError: the folder or a file cannot be read, a link leads out of it, or something there is no file.
    """
    found = [file for path in paths(folder) for file in _files(folder, path)]
    for number, file in enumerate(found, 1):
        file = msgspec.structs.replace(file, number=number)
        kind = _kind(folder, file)
        yield msgspec.structs.replace(file, kind=kind.kind, type=kind.type), kind


def paths(folder: Folder) -> list[Path]:
    """Where the files lie; links to folders are not gone into.

    Raises:
        UserError: as `list_files`.
    """
    try:
        return [path for path in sorted(_entries(folder.root)) if _is_file(folder, path)]
    except OSError as error:
        raise UserError(
            f"source {folder.source}: its folder cannot be read: {error.strerror}. Fix its permissions."
        ) from error


def is_unchanged(folder: Folder, files: Iterable[FolderFile]) -> bool:
    """Whether the folder still holds just the files that were listed, none written to since.

    Raises:
        UserError: as `list_files`.
    """
    listed = {file.path: (file.size, file.modified_ns, file.inode) for file in files}
    found = {path.relative_to(folder.root).as_posix(): path.stat() for path in paths(folder)}
    return listed == {path: (one.st_size, one.st_mtime_ns, one.st_ino) for path, one in found.items()}


def _entries(root: Path) -> Iterator[Path]:
    """Everything below `root`, but what is hidden."""

    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in (*folders, *names) if not name.startswith("."))


def _is_file(folder: Folder, path: Path) -> bool:
    """Whether it is a file within the folder. What is none, under a name that could be one of records, is refused."""
    is_folder, is_ours = path.is_dir(), may_hold_records(path.name)
    inside = os.path.realpath(folder.root)
    is_within = path.exists() and os.path.commonpath([os.path.realpath(path), inside]) == inside
    if not is_within:
        if is_folder or is_ours:
            raise UserError(
                f"source {folder.source}: a link in its folder leads out of it, or nowhere, so records would be "
                "missing. Put the files themselves into the folder, or name the folder that they are in."
            )
        return False
    kind = _NOT_A_FILE.get(stat.S_IFMT(path.stat().st_mode))
    if kind and is_ours:
        raise UserError(
            f"source {folder.source}: something in its folder has the name of a file of records and is {kind}. Put a "
            "file there, or take it away."
        )
    return not (is_folder or kind)


def _files(folder: Folder, path: Path) -> Iterator[FolderFile]:
    """The file, or the files in it if it is a zip."""
    status, place = path.stat(), path.relative_to(folder.root).as_posix()
    length = status.st_size
    file = FolderFile(place, None, "", 0, OTHER, "", length, length, status.st_mtime_ns, status.st_ino)
    members = dict(_members(folder, path)) if is_zip(path.name) else {}
    if not members:
        yield file
    for number, member in members.items():
        yield msgspec.structs.replace(file, member=number, name=member.filename, length=member.file_size)


def _members(folder: Folder, path: Path) -> Iterator[tuple[int, zipfile.ZipInfo]]:
    """The files that a zip says it holds, hidden ones left out, by their numbers.

    Raises:
        UserError: it is damaged, or holds more than it may.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
        bounds = PackedBounds(folder.limit)
        for member in members:
            bounds.add(member.file_size, path.stat().st_size)
        if len(members) > _MOST_MEMBERS:
            raise PackedError(f"holds more than {_MOST_MEMBERS:,} files")
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(
            f"source {folder.source}: a zip in its folder is cut short or damaged. Copy it again."
        ) from error
    except PackedError as error:
        raise UserError(
            f"source {folder.source}: a zip in its folder {error}. Unpack it yourself if it is sound."
        ) from error
    for number, member in enumerate(members):
        if not (member.is_dir() or _is_hidden(PurePosixPath(member.filename))):
            yield number, member


def _is_hidden(name: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in name.parts)


def _kind(folder: Folder, file: FolderFile) -> FileKind:
    if not file.length or (is_zip(file.path) and file.member is None):
        return FileKind(EMPTY)
    if not may_hold_records(file.place.name):
        return FileKind(OTHER)
    head, is_all = folder.head(file)
    return kind_of(file.place, head, is_all=is_all)
