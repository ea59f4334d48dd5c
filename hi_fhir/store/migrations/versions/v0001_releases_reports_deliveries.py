"""Releases, reports, measures, organisations and deliveries, each with its audience and organisation."""

import sqlalchemy as sa
from alembic import op

from hi_fhir.store.models import ByBytes, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_release()
    _create_report()
    _create_measure()
    _create_organisation()
    _create_delivery()


def downgrade() -> None:
    for table in ("delivery", "organisation", "measure", "report", "release"):
        op.drop_table(table)


def _create_release() -> None:
    op.create_table(
        "release",
        *_owned(),
        sa.Column("evaluation_id", ByBytes, nullable=False),
        sa.Column("policy_id", ByBytes, nullable=False),
        sa.Column("policy_version", ByBytes, nullable=False),
        sa.Column("published", ByBytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.UniqueConstraint(
            "evaluation_id", "audience", "policy_id", "policy_version", "organisation", name="uq_release_once"
        ),
    )


def _create_report() -> None:
    op.create_table(
        "report",
        *_owned(),
        *_versioned(),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("identifier_system", ByBytes, nullable=False),
        sa.Column("identifier", ByBytes, nullable=False),
        sa.Column("measure_url", ByBytes, nullable=False),
        sa.Column("measure_version", ByBytes, nullable=False),
        sa.Column("reporter_id", ByBytes, nullable=False),
        sa.Column("reporter_system", ByBytes, nullable=False),
        sa.Column("status", ByBytes, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("data_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name="fk_report_release_id"),
        sa.UniqueConstraint("identifier", "version", name="uq_report_identifier_version"),
    )
    op.create_index("ix_report_resource_id_version", "report", ["resource_id", "version"])
    op.create_index("ix_report_measure_url_period_end", "report", ["measure_url", "period_end"])


def _create_measure() -> None:
    op.create_table(
        "measure",
        *_owned(),
        *_versioned(),
        sa.Column("url", ByBytes, nullable=False),
        sa.Column("measure_version", ByBytes, nullable=False),
        sa.Column("status", ByBytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_measure"),
        sa.UniqueConstraint("resource_id", "version", name="uq_measure_resource_id_version"),
    )


def _create_organisation() -> None:
    op.create_table(
        "organisation",
        *_owned(),
        *_versioned(),
        sa.Column("identifier_system", ByBytes, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("resource_id", "version", name="uq_organisation_resource_id_version"),
    )


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        *_owned(),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("target", ByBytes, nullable=False),
        sa.Column("status", ByBytes, nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("etag", ByBytes, nullable=True),
        sa.Column("location", ByBytes, nullable=True),
        sa.Column("outcome", ByBytes, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_delivery_report_id"),
    )
    op.create_index("ix_delivery_target_report_id", "delivery", ["target", "report_id"])


def _owned() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audience", ByBytes, nullable=False),
        sa.Column("organisation", ByBytes, nullable=True),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
    ]


def _versioned() -> list[sa.Column[object]]:
    return [
        sa.Column("resource_id", ByBytes, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", ByBytes, nullable=False),
    ]
