"""Which database a store is in: the one place that tells them apart. All that is a database's own is in its module."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, cast

from sqlalchemy import URL, Connection, Engine

from hi_fhir.core.errors import ConfigError

_MODULES = {"sqlite": "hi_fhir.store.sqlite", "postgresql": "hi_fhir.store.postgres"}


class StoreDialect(Protocol):
    """What each of the modules gives."""

    def engine_of(self, url: URL, /) -> Engine: ...
    def alone(self, url: URL, /) -> AbstractContextManager[None]: ...
    def told(self, url: URL, /) -> AbstractContextManager[None]: ...
    def writers(self) -> AbstractContextManager[object]: ...
    def begin_to_read(self, connection: Connection, /) -> None: ...
    def begin_to_write(self, connection: Connection, /) -> None: ...
    def insert_rows(
        self, connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]], /
    ) -> None: ...


def dialect_named(name: str) -> StoreDialect:
    """The database that SQLAlchemy calls by this name.

    Raises:
        ConfigError: the store cannot be in such a one, or its driver is not installed.
    """
    if name not in _MODULES:
        raise ConfigError("the store is in SQLite or PostgreSQL. Give its URL as sqlite:///... or postgresql://...")
    try:
        return cast(StoreDialect, import_module(_MODULES[name]))
    except ImportError as error:
        raise ConfigError(
            "the store is in PostgreSQL, and its driver is not installed. Run: pip install 'hi-fhir[postgres]'"
        ) from error
