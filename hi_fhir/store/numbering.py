"""Numbers in the order in which rows become visible, without gaps: what is newest is told by them, and by no id.

An id is given as a row is inserted, and what is inserted first may be visible last, or never. A number is given under
the lock of writers, which is held until the row is visible or given back with it.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

_TAKE = text(
    """
    INSERT INTO numbering (name, last) VALUES (:name, :count)
    ON CONFLICT (name) DO UPDATE SET last = numbering.last + :count
    RETURNING last
    """
)


def next_numbers(session: Session, name: str, count: int) -> range:
    """The next numbers of what is numbered by that name, from 1 on, within a writing transaction."""
    last: int = session.execute(_TAKE, {"name": name, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)
