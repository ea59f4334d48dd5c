"""Which practice belonged where on the reference date of a release, so that a reader has its own reports alone."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from hi_fhir.core.gzipped import inflated
from hi_fhir.store.migrations.kept_reports import covered_by, kind_of
from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0005"
down_revision = "0004"

_WHOLES = {"Primary care network": "pcn", "Integrated care board": "icb"}
"""Kinds of reporters that cover practices, as their Organizations were written."""
_REPORTS = """
    SELECT as_of, max(recorded_at) AS recorded_at, max(id) AS id FROM report
    WHERE organisation = :code AND is_latest
    GROUP BY as_of
"""


def upgrade() -> None:
    table = op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("pcn", ByBytes, nullable=True),
        sa.Column("icb", ByBytes, nullable=True),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
    )
    op.create_index("ix_membership_as_of_organisation", "membership", ["as_of", "organisation"])
    op.create_index("ix_membership_as_of_pcn_icb", "membership", ["as_of", "pcn", "icb"])
    rows = list(_told_by_reports(op.get_bind()))
    if rows:
        op.bulk_insert(table, rows)


def downgrade() -> None:
    op.drop_table("membership")


def _told_by_reports(bind: sa.Connection) -> Iterator[dict[str, Any]]:
    """What the reports of networks and boards say of the practices that they cover, by practice and reference date."""
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    organisations = bind.execute(sa.text("SELECT organisation, content FROM organisation ORDER BY version"))
    kinds = {code: _WHOLES.get(kind_of(inflated(content)) or "") for code, content in organisations}
    statement = sa.text(_REPORTS).columns(as_of=sa.Date, recorded_at=UtcDateTime, id=sa.Integer)
    for code, whole in kinds.items():
        for as_of, recorded_at, report in bind.execute(statement, {"code": code}).all() if whole else ():
            [content] = bind.execute(
                sa.text("SELECT content FROM report_content WHERE report_id = :id"), {"id": report}
            ).one()
            for practice in covered_by(inflated(content)):
                found.setdefault((practice, as_of), {"recorded_at": recorded_at})[str(whole)] = code
    for practice, as_of in sorted(found):
        belonged = found[practice, as_of]
        yield {
            "audience": "public",
            "organisation": practice,
            "recorded_at": belonged["recorded_at"],
            "as_of": as_of,
            "pcn": belonged.get("pcn"),
            "icb": belonged.get("icb"),
            "is_latest": True,
        }
