"""Exports of reports."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("export_id", ByBytes, nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisations", sa.JSON(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("request", ByBytes, nullable=False),
        sa.Column("reports", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
        sa.UniqueConstraint("export_id", name="uq_export_export_id"),
    )
    op.create_index("ix_export_expires_at", "export", ["expires_at"])


def downgrade() -> None:
    op.drop_table("export")
