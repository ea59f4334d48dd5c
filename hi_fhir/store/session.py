"""How the store is opened: migrated under a lock, then handed out as short transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import owner_folder
from hi_fhir.core.locks import wait_for_lock

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 60_000
_PAGE_BYTES = 16_384  # of a new file: a report is 130 kB, which takes a third of the time to read in pages of this size
_TO_READ, _TO_WRITE = "BEGIN", "BEGIN IMMEDIATE"


class Store:
    """The store of one deployment. A transaction is short: never held over a call to another server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            _begin(session.connection())
            yield session

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One consistent view without objects, for what answers many at once."""
        with self.engine.connect() as connection, connection.begin():
            _begin(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction: all of it or, on an error, nothing. Another writer waits for it at its beginning."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            _begin(session.connection(), _TO_WRITE)
            yield session

    def close(self) -> None:
        self.engine.dispose()


def store_url(path: Path) -> URL:
    """The URL of an SQLite file, whatever stands in its name."""
    return URL.create("sqlite", database=str(path))


def open_store(where: Path | str) -> Store:
    """The store at a path or URL, made or brought to the newest schema first. Several processes may do this at once.

    Raises:
        ConfigError: the URL is not of an SQLite file.
    """
    url = store_url(where) if isinstance(where, Path) else make_url(where)
    path = _file(url)
    owner_folder(path.parent)
    with wait_for_lock(path.with_name(f"{path.name}.lock")):
        path.touch(mode=0o600)
        engine = _engine(url)
        if _revision(engine) != _newest_revision():
            from hi_fhir.store.migrating import migrate  # Alembic, which a store that is as it should be does not need

            with engine.begin() as connection:
                _begin(connection, _TO_WRITE)
                migrate(connection)
    return Store(engine)


def is_migrated(store: Store) -> bool:
    """Whether the schema is the newest revision.

    Raises:
        SQLAlchemyError: the store cannot be reached.
    """
    return _revision(store.engine) == _newest_revision()


def _revision(engine: Engine) -> str | None:
    """The revision of the schema; None where there is none yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def _newest_revision() -> str:
    """That of the last file of migrations, which are named `v<revision>_<what>.py`."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("v*.py")).partition("_")[0].removeprefix("v")


def _file(url: URL) -> Path:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ConfigError("the store is an SQLite file for now. Give its URL as sqlite:///path/to/file.")
    return Path(url.database)


def _engine(url: URL) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    return engine


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


def _begin(connection: Connection, how: str = _TO_READ) -> None:
    # A writer takes its lock at once: a reader that turns writer later would fail where another wrote in between.
    # No listener of SQLAlchemy's does this, since with one every request takes longer by half of a read.
    cast(SqliteConnection, connection.connection.driver_connection).execute(how)
