"""All that is PostgreSQL's own in how the store is opened, begun and filled.

The order of text by its bytes is that of the columns themselves (`models.ByBytes`), whatever the database's is.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from psycopg import Connection as PostgresConnection
from psycopg import IsolationLevel
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from hi_fhir.core.errors import ConfigError

_WRITERS = 0x68695F66686972
"""The advisory lock of whoever writes, or migrates; in ASCII: hi_fhir."""
_SETTINGS = {
    "timezone": "UTC",
    "lock_timeout": "60s",  # as long as one waits for the lock of SQLite
    "application_name": "hi_fhir",
}
_CONNECT_S = 10
_CONNECTIONS = 20  # of the threads that answer and of those that tell subscribers
_LONGEST_PAUSE = "60s"  # of a writer: one that is gone, as is its machine, keeps others waiting for no longer
_BEGIN_TO_WRITE = "SELECT set_config('idle_in_transaction_session_timeout', %s, true), pg_advisory_xact_lock(%s)"


def engine_of(url: URL) -> Engine:
    """Whose connections are prepared as the store needs them. One that the server has ended is made anew."""
    limits = {"connect_timeout": _CONNECT_S} if "connect_timeout" not in url.query else {}
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=_CONNECTIONS, connect_args=limits)
    event.listen(engine, "connect", _prepare)
    return engine


def alone(_: URL) -> AbstractContextManager[None]:
    """Nothing has to be made before the store is: whoever migrates takes the lock of writers."""
    return nullcontext()


@contextmanager
def told(url: URL) -> Iterator[None]:
    """What the server says where it cannot be reached, or does not let us in, is told as a setting to look at.

    Raises:
        ConfigError: so it is.
    """
    try:
        yield
    except OperationalError as error:
        where = f"database {url.database} on {url.host or 'this machine'}" + (f":{url.port}" if url.port else "")
        said = " ".join(str(error.orig).split())
        hidden = said.replace(str(url.password), "***") if url.password else said  # it says none, and is not to
        raise ConfigError(f"store_url: {where} cannot be used. {hidden}") from error


def writers() -> AbstractContextManager[object]:
    """The server itself has writers wait for each other in their order."""
    return nullcontext()


def begin_to_read(connection: Connection) -> None:
    """One consistent view. The driver begins with what is set here at the first statement."""
    driver = _driver(connection)
    driver.isolation_level = IsolationLevel.REPEATABLE_READ
    driver.read_only = True


def begin_to_write(connection: Connection) -> None:
    """Take the one lock of writers at once, as SQLite has it; each statement sees what was written before.

    A view taken with the lock would be from before it was waited for.
    """
    driver = _driver(connection)
    driver.isolation_level = IsolationLevel.READ_COMMITTED
    driver.read_only = False
    driver.execute(_BEGIN_TO_WRITE, (_LONGEST_PAUSE, _WRITERS))


def insert_rows(
    connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]
) -> None:
    """As a stream, since a release has millions. table, columns: our own names."""
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _driver(connection: Connection) -> PostgresConnection:
    return cast(PostgresConnection, connection.connection.driver_connection)


def _prepare(connection: PostgresConnection, _: ConnectionPoolEntry) -> None:
    # Not as options of the connection, which poolers between here and the server do not let through.
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()
