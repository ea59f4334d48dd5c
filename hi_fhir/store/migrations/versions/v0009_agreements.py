"""Agreements of practices."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    instant = UtcDateTime(timezone=True)
    texts = ("audience", "organisation", "agreement_id", "recipient", "purpose", "lawful_basis", "dpia")
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, ByBytes, nullable=False) for name in texts),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=True),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("recorded_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreement"),
        sa.UniqueConstraint("agreement_id", "audience", name="uq_agreement_agreement_id_audience"),
    )
    op.create_index("ix_agreement_organisation", "agreement", ["organisation"])


def downgrade() -> None:
    op.drop_table("agreement")
