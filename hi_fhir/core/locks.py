"""Lock files: what keeps two processes from doing the same piece of work, readable by their owner only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hi_fhir.core.errors import BusyError
from hi_fhir.core.files import owner_folder

_OWNER_FILE = 0o600
_LONGEST_S = 60  # what is awaited guards the writing of a small file


@contextmanager
def lock_or_fail(path: Path, work: str) -> Iterator[None]:
    """Hold the lock at `path` while the block runs. `work`: what it keeps others from, for the message.

    Raises:
        BusyError: another process holds it.
    """
    owner_folder(path.parent)
    lock = FileLock(path, mode=_OWNER_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"{work} by another process. Wait for it, or end it.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def wait_for_lock(path: Path) -> Iterator[None]:
    """Hold the lock at `path` while the block runs, once whoever holds it is done.

    Raises:
        BusyError: it is held for longer than what it guards can take.
    """
    lock = FileLock(path, mode=_OWNER_FILE, timeout=_LONGEST_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"another process has held {path.name} for {_LONGEST_S} seconds. Wait for it, or end it."
        ) from error
    try:
        yield
    finally:
        lock.release()
