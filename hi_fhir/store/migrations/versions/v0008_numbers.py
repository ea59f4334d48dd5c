"""Numbers of versions and deliveries in the order in which they became visible, which says what is newest."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes

revision = "0008"
down_revision = "0007"

_NUMBERED = {"report": ["number", "audience"], "delivery": ["number"]}
"""Tables with a number, each with the columns of its index."""


def upgrade() -> None:
    """Ids were given under the lock of SQLite's writers, so that they are in that order."""
    op.create_table(
        "numbering",
        sa.Column("name", ByBytes, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_numbering"),
    )
    for table, columns in _NUMBERED.items():
        op.add_column(table, sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET number = id")  # noqa: S608
        op.execute(f"INSERT INTO numbering SELECT '{table}', coalesce(max(number), 0) FROM {table}")  # noqa: S608
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns, unique=True)


def downgrade() -> None:
    for table, columns in _NUMBERED.items():
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
        op.drop_column(table, "number")
    op.drop_table("numbering")
