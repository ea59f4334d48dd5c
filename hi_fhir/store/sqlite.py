"""All that is SQLite's own in how the store is opened and begun.

Text is in order of its bytes, which is how SQLite compares what is not told otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import owner_folder
from hi_fhir.core.locks import wait_for_lock

_BUSY_MS = 60_000
_PAGE_BYTES = 16_384  # of a new file: a report is 130 kB, which takes a third of the time to read in pages of this size


def url_of(path: Path) -> URL:
    """The URL of a file, whatever stands in its name."""
    return URL.create("sqlite", database=str(path))


def engine_of(url: URL) -> Engine:
    """Whose connections are prepared as the store needs them."""
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    return engine


@contextmanager
def alone(url: URL) -> Iterator[None]:
    """While the store is made or migrated: no other process does. Its file is there then, its owner's alone.

    Raises:
        ConfigError: the URL is of no file of SQLite.
    """
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ConfigError("the store is an SQLite file for now. Give its URL as sqlite:///path/to/file.")
    path = Path(url.database)
    owner_folder(path.parent)
    with wait_for_lock(path.with_name(f"{path.name}.lock")):
        path.touch(mode=0o600)
        yield


def begin_to_read(connection: Connection) -> None:
    """One consistent view."""
    _begin(connection, "BEGIN")


def begin_to_write(connection: Connection) -> None:
    """Take the one lock of writers at once: a reader that turns writer later would fail where another wrote since.

    So ids are given in the order in which transactions become visible, and the newest row has the largest.
    """
    _begin(connection, "BEGIN IMMEDIATE")


def _begin(connection: Connection, how: str) -> None:
    # No listener of SQLAlchemy's does this, since with one every request takes longer by half of a read.
    cast(SqliteConnection, connection.connection.driver_connection).execute(how)


def _prepare(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, and only at the first change; `_begin` does it instead.
    connection.isolation_level = None
    pragmas = (
        f"busy_timeout = {_BUSY_MS}",
        f"page_size = {_PAGE_BYTES}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
