"""Clients of the service, their assertions and tokens."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    instant = UtcDateTime(timezone=True)
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("client_id", ByBytes, nullable=False),
        sa.Column("name", ByBytes, nullable=False),
        sa.Column("scopes", ByBytes, nullable=False),
        sa.Column("jwks", ByBytes, nullable=True),
        sa.Column("jwks_url", ByBytes, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_client"),
        sa.UniqueConstraint("client_id", name="uq_client_client_id"),
    )
    op.create_table(
        "client_assertion",
        sa.Column("client_row_id", sa.Integer(), nullable=False),
        sa.Column("jti", ByBytes, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("client_row_id", "jti", name="pk_client_assertion"),
        sa.ForeignKeyConstraint(["client_row_id"], ["client.id"], name="fk_client_assertion_client_row_id"),
    )
    op.create_index("ix_client_assertion_expires_at", "client_assertion", ["expires_at"])
    op.create_table(
        "access_token",
        sa.Column("digest", ByBytes, nullable=False),
        sa.Column("client_row_id", sa.Integer(), nullable=False),
        sa.Column("scopes", ByBytes, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_access_token"),
        sa.ForeignKeyConstraint(["client_row_id"], ["client.id"], name="fk_access_token_client_row_id"),
    )
    op.create_index("ix_access_token_expires_at", "access_token", ["expires_at"])


def downgrade() -> None:
    for table in ("access_token", "client_assertion", "client"):
        op.drop_table(table)
