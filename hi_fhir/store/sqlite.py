"""All that is SQLite's own in how the store is opened, begun and filled.

Text is in order of its bytes, which is how SQLite compares what is not told otherwise.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, islice
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from threading import Lock
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import owner_folder
from hi_fhir.core.locks import wait_for_lock

_BUSY_MS = 60_000
_CONNECTIONS = 32  # of the threads that answer and of those that tell subscribers
_PAGE_BYTES = 16_384  # of a new file: a report is 130 kB, which takes a third of the time to read in pages of this size
_ROWS_AT_ONCE = 400  # of a statement: one at a time takes half as long again


def url_of(path: Path) -> URL:
    """The URL of a file, whatever stands in its name."""
    return URL.create("sqlite", database=str(path))


def engine_of(url: URL) -> Engine:
    """Whose connections are prepared as the store needs them."""
    engine = create_engine(url, hide_parameters=True, pool_size=_CONNECTIONS)
    event.listen(engine, "connect", _prepare)
    return engine


@contextmanager
def alone(url: URL) -> Iterator[None]:
    """While the store is made or migrated: no other process does. Its file is there then, its owner's alone.

    Raises:
        ConfigError: the URL is of no file.
    """
    if not url.database or url.database == ":memory:":
        raise ConfigError("the store is a file of SQLite. Give its URL as sqlite:///path/to/file.")
    path = Path(url.database)
    owner_folder(path.parent)
    with wait_for_lock(path.with_name(f"{path.name}.lock")):
        path.touch(mode=0o600)
        yield


def told(_: URL) -> AbstractContextManager[None]:
    """A file is asked of no server."""
    return nullcontext()


def writers() -> AbstractContextManager[object]:
    """A turn that the writers of a process wait for before they begin.

    SQLite has them try again after ever longer sleeps, whoever came first: among twenty some would wait for seconds.
    """
    return Lock()


def begin_to_read(connection: Connection) -> None:
    """One consistent view."""
    _begin(connection, "BEGIN")


def begin_to_write(connection: Connection) -> None:
    """Take the one lock of writers at once: a reader that turns writer later would fail where another wrote since."""
    _begin(connection, "BEGIN IMMEDIATE")


def insert_rows(
    connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]
) -> None:
    """Past SQLAlchemy, since a release has millions. table, columns: our own names."""
    row = f"({', '.join('?' * len(columns))})"
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608
    values = chain.from_iterable(rows)
    cursor = connection.connection.cursor()
    while some := list(islice(values, _ROWS_AT_ONCE * len(columns))):
        cursor.execute(insert + ", ".join([row] * (len(some) // len(columns))), some)
    cursor.close()


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
