"""A disk that is full, told as one message wherever it shows; the work goes on once there is room."""

import os
import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from hi_fhir.core.config import Config
from hi_fhir.core.errors import NoRoomError, causes
from hi_fhir.core.files import NO_ROOM


class _Context(Protocol):
    """What a verb is handed first."""

    @property
    def config(self) -> Config: ...


C = TypeVar("C", bound=_Context)
P = ParamSpec("P")
R = TypeVar("R")

_WORDS = ("No space left on device", "Disk quota exceeded", "database or disk is full", "max_temp_directory_size")
"""What DuckDB, SQLite and Arrow say of it, whose errors carry no number."""


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is that a disk has no room left."""
    return any(
        getattr(one, "errno", None) in NO_ROOM or any(words in str(one) for words in _WORDS) for one in causes(error)
    )


def needs_room(verb: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """The verb, which writes to the data folder, with NoRoomError where that has no room left.

    What is finished by then stays, and the verb goes on from it when it is called again.
    """

    @wraps(verb)
    def told(context: C, /, *arguments: P.args, **named: P.kwargs) -> R:
        try:
            return verb(context, *arguments, **named)
        except Exception as error:
            if isinstance(error, NoRoomError) or not is_full(error):
                raise
            config = context.config
            _remove_half_written(config.data_dir)
            raise NoRoomError(
                f"there is no room left for the data folder {config.data_dir}: {_free_mb(config.data_dir):,} MB are "
                "free on its disk. Make room, and run the same command again: it goes on where it stopped."
            ) from error

    return told


def _free_mb(folder: Path) -> int:
    """Of the disk that `folder` is on, or will be."""
    made = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    return shutil.disk_usage(made).free >> 20


def _remove_half_written(folder: Path) -> None:
    """Remove what this process has not yet renamed into place."""
    for left_over in folder.rglob(f".*.{os.getpid()}.tmp"):
        left_over.unlink(missing_ok=True)
