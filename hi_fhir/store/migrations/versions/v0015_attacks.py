"""Which released reports were attacked before they were kept, or since. Of those that are there nothing is known."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "attack",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("evaluation_id", ByBytes, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("masked", sa.Integer(), nullable=False),
        sa.Column("by_several", sa.Integer(), nullable=False),
        sa.Column("known_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attack"),
    )
    op.create_index("ix_attack_last", "attack", ["last"])


def downgrade() -> None:
    op.drop_table("attack")
