"""What is said of versions of reports: withdrawn or corrected, why, and who asked for it."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("kind", ByBytes, nullable=False),
        sa.Column("reason", ByBytes, nullable=False),
        sa.Column("asked_by", ByBytes, nullable=False),
        sa.Column("plain_sha256", ByBytes, nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "kind", name="pk_notice"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_notice_report_id"),
    )


def downgrade() -> None:
    op.drop_table("notice")
