"""How many reports every server was last sent, of a file asked of SQLite itself.

SQLAlchemy takes longer to load than all else that a command does which only tells something.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

_COLUMNS = "SELECT name FROM pragma_table_info('delivery')"
_BUSY_S = 60


class DeliveryCount(NamedTuple):
    """How many reports for an audience a server was last sent, by what came of it."""

    target: str
    audience: str
    status: str
    reports: int


def delivery_counts(where: Path | str) -> list[DeliveryCount]:
    """What every server was sent, the newest try of each report alone, in order of server and audience.

    where: path or URL of a store of any schema that had deliveries. None where there is no store. Looking makes none,
    and changes none.
    """
    if isinstance(where, str):
        return _of_server(where)
    if not where.exists():
        return []
    with closing(sqlite3.connect(f"{where.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as connection:
        columns = {name for [name] in connection.execute(_COLUMNS)}
        if not columns:
            return []
        return [DeliveryCount(*row) for row in connection.execute(_counted_by(_newest(columns)))]


def _of_server(url: str) -> list[DeliveryCount]:
    from sqlalchemy import inspect, text

    from hi_fhir.store.session import look_at

    with look_at(url) as store, store.connect() as connection:
        there = inspect(connection)
        if not there.has_table("delivery"):
            return []
        asked = text(_counted_by(_newest({column["name"] for column in there.get_columns("delivery")})))
        return [DeliveryCount(*row) for row in connection.execute(asked)]


def _newest(columns: Collection[str]) -> str:
    """The column of deliveries that is greatest of the newest try; before they had numbers, their ids were in order."""
    return "number" if "number" in columns else "id"


def _counted_by(newest: str) -> str:
    return f"""
        SELECT target, audience, status, count(*)
        FROM delivery
        WHERE {newest} IN (
            SELECT max(delivery.{newest})
            FROM delivery JOIN report ON report.id = delivery.report_id
            GROUP BY target, identifier
        )
        GROUP BY target, audience, status
        ORDER BY target, audience, status
    """  # noqa: S608
