"""People who look at pages, their visits, and log-ins that failed lately."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    instant = UtcDateTime(timezone=True)
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=True),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("account_id", ByBytes, nullable=False),
        sa.Column("name", ByBytes, nullable=False),
        sa.Column("role", ByBytes, nullable=False),
        sa.Column("password", ByBytes, nullable=True),
        sa.Column("issuer", ByBytes, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("account_id", name="uq_account_account_id"),
    )
    op.create_table(
        "visit",
        sa.Column("digest", ByBytes, nullable=False),
        sa.Column("account_row_id", sa.Integer(), nullable=False),
        sa.Column("ends_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_visit"),
        sa.ForeignKeyConstraint(["account_row_id"], ["account.id"], name="fk_visit_account_row_id"),
    )
    op.create_index("ix_visit_ends_at", "visit", ["ends_at"])
    op.create_index("ix_visit_account_row_id", "visit", ["account_row_id"])
    op.create_table(
        "failed_log_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", ByBytes, nullable=False),
        sa.Column("failed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failed_log_in"),
    )
    op.create_index("ix_failed_log_in_digest_failed_at", "failed_log_in", ["digest", "failed_at"])


def downgrade() -> None:
    for table in ("failed_log_in", "visit", "account"):
        op.drop_table(table)
