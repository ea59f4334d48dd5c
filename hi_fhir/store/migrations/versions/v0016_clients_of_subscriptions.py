"""Which registered client made a Subscription. Of those that are there it is not known: they stay their reader's."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("subscription", sa.Column("client_id", ByBytes, nullable=True))


def downgrade() -> None:
    op.drop_column("subscription", "client_id")
