"""The day that each source's data was of, with every release, so that no older data comes after newer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rows of before have none: their reports have identifiers of their own, which nothing comes after."""
    op.add_column("release", sa.Column("data_dates", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("release", "data_dates")
