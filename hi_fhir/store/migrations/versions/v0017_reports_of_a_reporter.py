"""An index of all versions of a reporter's reports, by which a page finds its releases and what was said of them."""

from alembic import op

revision = "0017"
down_revision = "0016"

_INDEX = "ix_report_organisation"


def upgrade() -> None:
    op.create_index(_INDEX, "report", ["organisation"])


def downgrade() -> None:
    op.drop_index(_INDEX, "report")
