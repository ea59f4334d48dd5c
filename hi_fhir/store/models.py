"""What the store holds from release on: releases, reports, measures, organisations and deliveries.

Every row names the audience it is for and the organisation it is about, by ODS code. A row is never changed and never
removed: a correction is a new version, and what an audience was ever given can be read back.
"""

from datetime import UTC, date, datetime

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

PUBLIC = "public"
"""Audience of what is no secret: definitions of measures, names of organisations."""

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps no zone, so it is given back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, bytes: LargeBinary, str: String, dict[str, str]: JSON}


class Owned:
    """For whom a row is, and about whom. organisation: ODS code; null: about none in particular."""

    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[str]
    organisation: Mapped[str | None]
    recorded_at: Mapped[datetime]


class Versioned(Owned):
    """One version of a resource. version: 1, 2, ... content: canonical JSON without meta; sha256: of the content."""

    resource_id: Mapped[str]
    version: Mapped[int]
    content: Mapped[bytes]
    sha256: Mapped[str]


class Release(Owned, Base):
    """Grain: one row an evaluation, audience, policy and reporter. published: digest of what the audience had.

    data_dates: source to the day its data is of; null: released before that was kept.
    """

    __tablename__ = "release"
    __table_args__ = (
        UniqueConstraint(
            "evaluation_id", "audience", "policy_id", "policy_version", "organisation", name="uq_release_once"
        ),
    )

    evaluation_id: Mapped[str]
    policy_id: Mapped[str]
    policy_version: Mapped[str]
    published: Mapped[str]
    data_dates: Mapped[dict[str, str] | None]


class Report(Versioned, Base):
    """Grain: one row a version of a MeasureReport. data_date is the report's `date`.

    A report is of one measure, reporter, period and audience, and what is known later is its next version. Rows from
    before that was so have an identifier for each as-of day and data's date; they keep it.
    """

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("identifier", "version"),
        Index(None, "resource_id", "version"),
        Index(None, "measure_url", "period_end"),
    )

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    identifier_system: Mapped[str]
    identifier: Mapped[str]
    measure_url: Mapped[str]
    measure_version: Mapped[str]
    reporter_id: Mapped[str]
    reporter_system: Mapped[str]
    status: Mapped[str]
    period_start: Mapped[date]
    period_end: Mapped[date]
    as_of: Mapped[date]
    data_date: Mapped[date]

    release: Mapped[Release] = relationship()


class Measure(Versioned, Base):
    """Grain: one row a version of a Measure resource; `measure_version` is the definition's own."""

    __tablename__ = "measure"
    __table_args__ = (UniqueConstraint("resource_id", "version"),)

    url: Mapped[str]
    measure_version: Mapped[str]
    status: Mapped[str]


class Organisation(Versioned, Base):
    """Grain: one row a version of an Organization resource; `organisation` is its ODS code."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("resource_id", "version"),)

    identifier_system: Mapped[str]


class Delivery(Owned, Base):
    """Grain: one row a try to send a version of a report to a server.

    target: origin and path of the server, nothing secret. status: sent or failed. location: without query.
    outcome: what came back, in our own words.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index(None, "target", "report_id"),)

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    target: Mapped[str]
    status: Mapped[str]
    http_status: Mapped[int | None]
    etag: Mapped[str | None]
    location: Mapped[str | None]
    outcome: Mapped[str | None]

    report: Mapped[Report] = relationship()
