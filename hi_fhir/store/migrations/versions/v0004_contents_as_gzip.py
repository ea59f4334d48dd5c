"""Contents as gzip, and cells as numbers alone: the words of their states are kept once."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.core.gzipped import gzipped

revision = "0004"
down_revision = "0003"

_KEPT = {"report_content": "report_id", "measure": "id", "organisation": "id"}
"""Tables with contents, each with the column of its ids."""


def upgrade() -> None:
    bind = op.get_bind()
    for table, key in _KEPT.items():
        for id_ in bind.exec_driver_sql(f"SELECT {key} FROM {table} ORDER BY {key}").scalars().all():  # noqa: S608
            [content] = bind.exec_driver_sql(f"SELECT content FROM {table} WHERE {key} = ?", (id_,)).one()  # noqa: S608
            bind.exec_driver_sql(f"UPDATE {table} SET content = ? WHERE {key} = ?", (gzipped(content), id_))  # noqa: S608
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
        JOIN cell_state ON cell_state.state = cell.state AND cell_state.reason IS cell.reason
        ORDER BY cell.report_id, cell.cell_name_id
        """
    )
    op.drop_table("released_cell")
    op.rename_table("numbered_cell", "released_cell")


def _create_states() -> None:
    op.create_table(
        "cell_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cell_state"),
    )
    op.create_table(
        "numbered_cell",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("cell_name_id", sa.Integer(), nullable=False),
        sa.Column("cell_state_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("report_id", "cell_name_id", name="pk_released_cell"),
        sqlite_with_rowid=False,
    )
