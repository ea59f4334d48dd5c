"""Released cells as rows, the contents of reports in a table of their own, marks of the latest, and indexes."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.migrations.kept_reports import cells_of
from hi_fhir.store.models import ByBytes

revision = "0003"
down_revision = "0002"

_SEARCHED_BY = {
    "resource_id": (),
    "organisation": ("organisation",),
    "reporter_id": ("reporter_id",),
    "measure_url": ("measure_url",),
    "period": ("period_end", "period_start"),
    "data_date": ("data_date",),
}
_MARK_LATEST = """
    UPDATE report SET is_latest = NOT EXISTS (
        SELECT 1 FROM report AS other
        WHERE other.resource_id = report.resource_id AND other.version > report.version
    )
"""
_MARK_CURRENT = """
    UPDATE report SET is_current = is_latest AND NOT EXISTS (
        SELECT 1 FROM report AS other
        WHERE other.measure_url = report.measure_url AND other.period_end = report.period_end
            AND other.period_start = report.period_start AND other.organisation = report.organisation
            AND other.audience = report.audience AND other.resource_id <> report.resource_id
            AND (other.as_of, other.data_date, other.id) > (report.as_of, report.data_date, report.id)
    )
"""
_ADD_NAME = sa.text("INSERT INTO cell_name (stratifier, stratum, population) VALUES (:a, :b, :c) RETURNING id")


def upgrade() -> None:
    _create_tables()
    op.execute("INSERT INTO report_content (report_id, content) SELECT id, content FROM report")
    _fill_cells()
    op.drop_index("ix_report_measure_url_period_end", "report")
    op.drop_column("report", "content")
    for mark in ("is_latest", "is_current"):
        op.add_column("report", sa.Column(mark, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(_MARK_LATEST)
    op.create_index("ix_report_same_period", "report", ["measure_url", "organisation", "period_end"])
    op.execute(_MARK_CURRENT)
    for name, columns in _SEARCHED_BY.items():
        op.create_index(
            f"ix_report_current_{name}",
            "report",
            ["audience", *columns, "resource_id"],
            sqlite_where=sa.text("is_current = 1"),
            postgresql_where=sa.text("is_current"),
        )


def downgrade() -> None:
    for name in _SEARCHED_BY:
        op.drop_index(f"ix_report_current_{name}", "report")
    op.drop_index("ix_report_same_period", "report")
    for mark in ("is_current", "is_latest"):
        op.drop_column("report", mark)
    op.add_column("report", sa.Column("content", sa.LargeBinary(), nullable=False, server_default=""))
    op.execute(
        "UPDATE report SET content = (SELECT kept.content FROM report_content AS kept WHERE kept.report_id = report.id)"
    )
    op.create_index("ix_report_measure_url_period_end", "report", ["measure_url", "period_end"])
    for table in ("released_cell", "cell_name", "report_content"):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "report_content",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name="pk_report_content"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_content_report_id"),
    )
    op.create_table(
        "cell_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stratifier", ByBytes, nullable=False),
        sa.Column("stratum", ByBytes, nullable=False),
        sa.Column("population", ByBytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cell_name"),
        sa.UniqueConstraint("stratifier", "stratum", "population", name="uq_cell_name_stratifier_stratum_population"),
    )
    op.create_table(
        "released_cell",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("cell_name_id", sa.Integer(), nullable=False),
        sa.Column("state", ByBytes, nullable=False),
        sa.Column("reason", ByBytes, nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("report_id", "cell_name_id", name="pk_released_cell"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_released_cell_report_id"),
        sa.ForeignKeyConstraint(["cell_name_id"], ["cell_name.id"], name="fk_released_cell_cell_name_id"),
        sqlite_with_rowid=False,
    )


def _fill_cells() -> None:
    """The cells of the reports that are there, read from their JSON this once."""
    bind = op.get_bind()
    names: dict[tuple[str, ...], int] = {}
    for report in bind.execute(sa.text("SELECT id FROM report ORDER BY id")).scalars().all():
        content = bind.execute(sa.text("SELECT content FROM report WHERE id = :id"), {"id": report}).scalar_one()
        rows = list(cells_of(content))
        for name in dict.fromkeys(row[:3] for row in rows):
            if name not in names:
                names[name] = bind.execute(_ADD_NAME, dict(zip("abc", name, strict=True))).scalar_one()
        written = [dict(zip("abcde", (report, names[row[:3]], *row[3:]), strict=True)) for row in rows]
        if written:
            bind.execute(sa.text("INSERT INTO released_cell VALUES (:a, :b, :c, :d, :e)"), written)
