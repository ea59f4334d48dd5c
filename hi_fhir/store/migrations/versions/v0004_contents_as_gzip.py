"""Contents as gzip, and cells as numbers alone: the words of their states are kept once."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from hi_fhir.core.gzipped import gzipped, inflated
from hi_fhir.store.models import ByBytes

revision = "0004"
down_revision = "0003"

_KEPT = {"report_content": "report_id", "measure": "id", "organisation": "id"}
"""Tables with contents, each with the column of its ids."""


def upgrade() -> None:
    _turn_contents(gzipped)
    _create_states()
    op.execute(
        """
        INSERT INTO cell_state (state, reason)
        SELECT DISTINCT state, reason FROM released_cell ORDER BY state, reason
        """
    )
    op.execute(
        """
        INSERT INTO numbered_cell
        SELECT cell.report_id, cell.cell_name_id, cell_state.id, cell.value
        FROM released_cell AS cell
        JOIN cell_state ON cell_state.state = cell.state
            AND (cell_state.reason = cell.reason OR cell_state.reason IS NULL AND cell.reason IS NULL)
        ORDER BY cell.report_id, cell.cell_name_id
        """
    )
    op.drop_table("released_cell")
    op.rename_table("numbered_cell", "released_cell")


def downgrade() -> None:
    _create_worded()
    op.execute(
        """
        INSERT INTO worded_cell
        SELECT cell.report_id, cell.cell_name_id, cell_state.state, cell_state.reason, cell.value
        FROM released_cell AS cell JOIN cell_state ON cell_state.id = cell.cell_state_id
        ORDER BY cell.report_id, cell.cell_name_id
        """
    )
    for table in ("released_cell", "cell_state"):
        op.drop_table(table)
    op.rename_table("worded_cell", "released_cell")
    _turn_contents(inflated)


def _turn_contents(into: Callable[[bytes], bytes]) -> None:
    """Have every content be spelt otherwise, one by one."""
    bind = op.get_bind()
    for table, key in _KEPT.items():
        read = sa.text(f"SELECT content FROM {table} WHERE {key} = :id")  # noqa: S608
        write = sa.text(f"UPDATE {table} SET content = :content WHERE {key} = :id")  # noqa: S608
        for id_ in bind.execute(sa.text(f"SELECT {key} FROM {table} ORDER BY {key}")).scalars().all():  # noqa: S608
            content = bind.execute(read, {"id": id_}).scalar_one()
            bind.execute(write, {"content": into(content), "id": id_})


def _create_worded() -> None:
    op.create_table(
        "worded_cell",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("cell_name_id", sa.Integer(), nullable=False),
        sa.Column("state", ByBytes, nullable=False),
        sa.Column("reason", ByBytes, nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        _primary_key(),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_released_cell_report_id"),
        sa.ForeignKeyConstraint(["cell_name_id"], ["cell_name.id"], name="fk_released_cell_cell_name_id"),
        sqlite_with_rowid=False,
    )


def _primary_key() -> sa.PrimaryKeyConstraint:
    """Of either table of cells. PostgreSQL names it after the table, since two may not be called alike in it."""
    name = "pk_released_cell" if op.get_bind().dialect.name == "sqlite" else None
    return sa.PrimaryKeyConstraint("report_id", "cell_name_id", name=name)


def _create_states() -> None:
    op.create_table(
        "cell_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", ByBytes, nullable=False),
        sa.Column("reason", ByBytes, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cell_state"),
    )
    op.create_table(
        "numbered_cell",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("cell_name_id", sa.Integer(), nullable=False),
        sa.Column("cell_state_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        _primary_key(),
        sqlite_with_rowid=False,
    )
