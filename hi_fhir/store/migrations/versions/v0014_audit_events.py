"""What was refused, and who was shown what of people."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0014"
down_revision = "0013"

_TEXTS = ("client_id", "organisation", "audience", "peer", "user_name", "method", "route")
_INDEXED = ("recorded_at", "client_id", "organisation")


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("outcome", ByBytes, nullable=False),
        sa.Column("reason", ByBytes, nullable=False),
        *(sa.Column(name, ByBytes, nullable=True) for name in (*_TEXTS, "resource_type", "resource_id")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
        sqlite_autoincrement=True,
    )
    for name in _INDEXED:
        op.create_index(f"ix_audit_event_{name}", "audit_event", [name])


def downgrade() -> None:
    op.drop_table("audit_event")
