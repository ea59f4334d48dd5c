"""Statements that are spelt once and asked of the driver itself, for what answers many at once.

SQLAlchemy takes longer to have a statement asked than the store takes to answer it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


class PreparedStatement:
    """A statement in the spelling of a dialect, whose parameters are numbered, as SQLite's, or named."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._constants = dict(compiled.params)
        self._is_numbered = compiled.positiontup is not None
        names: list[str] = compiled.positiontup or [*compiled.params]
        self._parameters = [(name, _bound(compiled.binds[name].type, dialect)) for name in names]
        columns = enumerate(statement.selected_columns)
        found = ((place, _given(column.type, dialect)) for place, column in columns)
        self._columns = [(place, convert) for place, convert in found if convert is not None]

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """What the statement finds, as Python's values. values: of its parameters, by name."""
        rows = [list(row) for row in self.driver_rows(connection, values)]
        for place, convert in self._columns:
            for row in rows:
                row[place] = convert(row[place])
        return rows

    def driver_rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What the statement finds, as the driver gives it."""
        given = {**self._constants, **values}
        parameters = [(name, convert(given[name]) if convert else given[name]) for name, convert in self._parameters]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, [value for _, value in parameters] if self._is_numbered else dict(parameters))
            found: Sequence[Sequence[Any]] = cursor.fetchall()
        finally:
            cursor.close()
        return found


def _bound(of: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """From a value of Python's to one of the driver's."""
    return of.dialect_impl(dialect).bind_processor(dialect)


def _given(of: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """From a value of the driver's to one of Python's."""
    return of.dialect_impl(dialect).result_processor(dialect, None)
