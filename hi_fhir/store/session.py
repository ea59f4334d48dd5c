"""How the store is opened: migrated under a lock, then handed out as short transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.orm import Session

from hi_fhir.store import sqlite

_MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """The store of one deployment. A transaction is short: never held over a call to another server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            sqlite.begin_to_read(session.connection())
            yield session

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One consistent view without objects, for what answers many at once."""
        with self.engine.connect() as connection, connection.begin():
            sqlite.begin_to_read(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction: all of it or, on an error, nothing. Another writer waits for it at its beginning."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            sqlite.begin_to_write(session.connection())
            yield session

    def close(self) -> None:
        self.engine.dispose()


def open_store(where: Path | str) -> Store:
    """The store at a path or URL, made or brought to the newest schema first. Several processes may do this at once.

    Raises:
        ConfigError: the URL is not of an SQLite file.
    """
    url = sqlite.url_of(where) if isinstance(where, Path) else make_url(where)
    with sqlite.alone(url):
        engine = sqlite.engine_of(url)
        if _revision(engine) != _newest_revision():
            from hi_fhir.store.migrating import migrate  # Alembic, which a store that is as it should be does not need

            with engine.begin() as connection:
                sqlite.begin_to_write(connection)
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
