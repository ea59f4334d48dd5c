"""Subscriptions and their events."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    instant = UtcDateTime(timezone=True)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", ByBytes, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisations", sa.JSON(), nullable=True),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("content", ByBytes, nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("status", ByBytes, nullable=False),
        sa.Column("error", ByBytes, nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("acknowledged", sa.Integer(), nullable=False),
        sa.Column("due_at", instant, nullable=True),
        sa.Column("leased_until", instant, nullable=True),
        sa.Column("leased_by", ByBytes, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failing_since", instant, nullable=True),
        sa.Column("told_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("resource_id", name="uq_subscription_resource_id"),
    )
    op.create_index("ix_subscription_due_at", "subscription", ["due_at"])
    op.create_table(
        "subscription_event",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "number", name="pk_subscription_event"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name="fk_subscription_event_subscription_id"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_subscription_event_report_id"),
    )


def downgrade() -> None:
    for table in ("subscription_event", "subscription"):
        op.drop_table(table)
