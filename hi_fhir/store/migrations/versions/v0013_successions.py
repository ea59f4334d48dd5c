"""Which organisation follows which, and from when on."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "succession",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("successor", ByBytes, nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_succession"),
    )
    op.create_index("ix_succession_organisation", "succession", ["organisation"])
    op.create_index("ix_succession_successor", "succession", ["successor"])


def downgrade() -> None:
    op.drop_table("succession")
