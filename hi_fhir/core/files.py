"""How a finished file comes to be on disk: written aside, synced, renamed; a folder's manifest JSON last.

A folder without its manifest is unfinished and may be continued or removed; one with it never changes.
"""

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from hi_fhir.core.errors import UserError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of errors that say that a disk is full."""

_OWNER_FILE, _OWNER_FOLDER = 0o600, 0o700


def owner_folder(path: Path) -> Path:
    """Make `path` (and missing parents), readable by its owner only.

    Raises:
        UserError: it cannot be made there, or is there and cannot be written to.
        OSError: there is no room for it.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
        for folder in reversed(missing):  # mkdir(parents=True) would give the mode to the last alone
            folder.mkdir(mode=_OWNER_FOLDER, exist_ok=True)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise UserError(
            f"folder {path} cannot be made: {error.strerror}. Name another, or fix its permissions."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UserError(f"folder {path} cannot be written to. Name another, or fix its permissions.")
    return path


def sync_folder(path: Path) -> None:
    """Make renames within `path` durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def written_aside(path: Path) -> Path:
    """Where this process writes what is to be at `path`, until `place_file`; see `remove_left_overs`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def commit_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all, owner only."""
    commit_files({path: content})


def commit_files(contents: Mapping[Path, bytes]) -> None:
    """Put each content at its path whole or not at all, owner only; the folders are there."""
    for path, content in contents.items():
        temporary = written_aside(path)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    for folder in dict.fromkeys(path.parent for path in contents):
        sync_folder(folder)


def made_once(path: Path, content: bytes) -> None:
    """Have `content` at `path`, owner only, unless something is there: of several processes the first one's stays."""
    owner_folder(path.parent)
    temporary = written_aside(path)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_FILE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def place_file(temporary: Path, path: Path) -> None:
    """Rename a file that was written aside to its final name, once its bytes are on disk.

    The name outlasts a loss of power once its folder is synced, or something is committed there after it.
    """
    temporary.chmod(_OWNER_FILE)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def commit_file(temporary: Path, path: Path) -> None:
    """`place_file`, and sync its folder."""
    place_file(temporary, path)
    sync_folder(path.parent)


def remove_left_overs(folder: Path, name: str = "*") -> None:
    """Remove what a process that was killed had not yet renamed to `name` in `folder` and below."""
    for left_over in folder.rglob(f".{name}.*.tmp"):
        left_over.unlink()


def canonical_json(content: Any) -> bytes:
    """The one spelling of a JSON document: sorted keys, no insignificant space, UTF-8. Takes dataclasses and dates."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def commit_json(path: Path, content: Any) -> None:
    """`commit_bytes` of a document that a person can read: sorted keys, two-space indent."""
    spelling = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    commit_bytes(path, orjson.dumps(content, option=spelling))


def read_json(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def content_name(content: Any, length: int = 16) -> str:
    """A name made from content: the first `length` hex digits of the SHA-256 of its canonical JSON."""
    return hashlib.sha256(canonical_json(content)).hexdigest()[:length]


def sha256_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
