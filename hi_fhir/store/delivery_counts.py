"""How many reports every server was last sent, asked of SQLite itself.

SQLAlchemy takes longer to load than all else that a command does which only tells something.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

_IS_THERE = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'delivery'"
_COUNTS = """
    SELECT target, audience, status, count(*)
    FROM delivery
    WHERE id IN (
        SELECT max(delivery.id)
        FROM delivery JOIN report ON report.id = delivery.report_id
        GROUP BY target, identifier
    )
    GROUP BY target, audience, status
    ORDER BY target, audience, status
"""
_BUSY_S = 60


class DeliveryCount(NamedTuple):
    """How many reports for an audience a server was last sent, by what came of it."""

    target: str
    audience: str
    status: str
    reports: int


def delivery_counts(file: Path) -> list[DeliveryCount]:
    """What every server was sent, the newest try of each report alone, in order of server and audience.

    Of a store of any schema that had deliveries; none where there is no file. Looking makes none, and changes none.
    """
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as connection:
        [is_there] = connection.execute(_IS_THERE).fetchone()
        return [DeliveryCount(*row) for row in connection.execute(_COUNTS)] if is_there else []
