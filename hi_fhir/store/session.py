"""How the store is opened: migrated under a lock, then handed out as short transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from hi_fhir.core.errors import ConfigError
from hi_fhir.store.dialects import dialect_named

_MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """The store of one deployment. A transaction is short: never held over a call to another server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._dialect = dialect_named(engine.dialect.name)
        self._turn = self._dialect.writers()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            self._dialect.begin_to_read(session.connection())
            yield session

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One consistent view without objects, for what answers many at once."""
        with self.engine.connect() as connection, connection.begin():
            self._dialect.begin_to_read(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction: all of it or, on an error, nothing. Another writer waits for it at its beginning."""
        with self._turn, Session(self.engine, expire_on_commit=False) as session, session.begin():
            self._dialect.begin_to_write(session.connection())
            yield session

    def close(self) -> None:
        self.engine.dispose()


def open_store(where: Path | str) -> Store:
    """The store at a path or URL, made or brought to the newest schema first. Several processes may do this at once.

    Raises:
        ConfigError: the URL is of none, or of a server that cannot be reached.
    """
    url = _url(where)
    dialect = dialect_named(url.get_backend_name())
    with dialect.alone(url), dialect.told(url):
        store = Store(dialect.engine_of(url))
        try:
            if _revision(store.engine) != _newest_revision():
                _migrate(store)
        except BaseException:
            store.close()
            raise
    return store


@contextmanager
def look_at(where: Path | str) -> Iterator[Store]:
    """The store at a path or URL as it is, whatever its schema, which is left alone.

    Raises:
        ConfigError: the URL is of none, or of a server that cannot be reached.
    """
    url = _url(where)
    dialect = dialect_named(url.get_backend_name())
    store = Store(dialect.engine_of(url))
    try:
        with dialect.told(url):
            yield store
    finally:
        store.close()


def is_migrated(store: Store) -> bool:
    """Whether the schema is the newest revision.

    Raises:
        SQLAlchemyError: the store cannot be reached.
    """
    return _revision(store.engine) == _newest_revision()


def is_empty(store: Store) -> bool:
    """Whether no schema is there yet.

    Raises:
        SQLAlchemyError: the store cannot be reached.
    """
    return _revision(store.engine) is None


def _url(where: Path | str) -> URL:
    if isinstance(where, Path):
        return URL.create("sqlite", database=str(where))  # whatever stands in its name
    try:
        return make_url(where)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "store_url: it is no URL of a store. Give sqlite:///... (SQLite) or postgresql://..."
        ) from error


def _migrate(store: Store) -> None:
    """Bring the schema to the newest revision, if none did while the lock was waited for."""
    from hi_fhir.store.migrating import migrate  # Alembic, which a store that is as it should be does not need

    with store.write() as session:
        connection = session.connection()
        if _revision_of(connection) != _newest_revision():
            migrate(connection)


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str | None:
    """The revision of the schema; None where there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _newest_revision() -> str:
    """That of the last file of migrations, which are named `v<revision>_<what>.py`."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("v*.py")).partition("_")[0].removeprefix("v")
