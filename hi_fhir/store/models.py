"""What the store holds from release on: releases, reports and their cells, measures, organisations, deliveries and
which practice belonged where.

Every row names the audience it is for and the organisation it is about, by ODS code, or is part of a report that does.
A row is never removed and never changed, but for the marks of the latest report: a correction is a new version, and
what an audience was ever given can be read back.
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
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from hi_fhir.core.gzipped import gzipped, inflated

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

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Gzipped(TypeDecorator[bytes]):
    """Bytes that are kept as a gzip file."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, _dialect: Dialect) -> bytes | None:
        return None if value is None else gzipped(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> bytes | None:
        return None if value is None else inflated(value)


ByBytes = String().with_variant(String(collation="C"), "postgresql")
"""Text in order of its bytes, in any database: pages, reports and what is decided by them come in the same order."""

_SEARCHED_BY = {
    "resource_id": (),
    "organisation": ("organisation",),
    "reporter_id": ("reporter_id",),
    "measure_url": ("measure_url",),
    "period": ("period_end", "period_start"),
    "data_date": ("data_date",),
}
"""Indexes of the current reports of an audience, in order of id within what is searched.

Such an index is taken where a query has its condition, with SQLite letter for letter.
"""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, bytes: Gzipped, str: ByBytes, dict[str, str]: JSON}


class Owned:
    """For whom a row is, and about whom. organisation: ODS code; null: about none in particular."""

    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[str]
    organisation: Mapped[str | None]
    recorded_at: Mapped[datetime]


class VersionRow(Owned):
    """One version of a resource. version: 1, 2, ... sha256: of its content, which is canonical JSON without meta."""

    resource_id: Mapped[str]
    version: Mapped[int]
    sha256: Mapped[str]


class Release(Owned, Base):
    """Grain: one row per evaluation, audience, policy and reporter. published: digest of what the audience had.

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


class ReportRow(VersionRow, Base):
    """Grain: one row per version of a MeasureReport, without its content. data_date is the report's `date`.

    A report is of one measure, reporter, period and audience, and what is known later is its next version. Rows from
    before that was so have an identifier for each reference date and extract date; they keep it.

    number: in the order in which versions became visible, without gaps, as `numbering` gives it.
    is_latest: no later version of the report is there. is_current: latest, and no other report of the same measure,
    reporter, period and audience is of later days; what a search that names no report finds.
    """

    __tablename__ = "report"

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    number: Mapped[int]
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
    is_latest: Mapped[bool]
    is_current: Mapped[bool]

    release: Mapped[Release] = relationship()

    __table_args__ = (
        UniqueConstraint("identifier", "version"),
        Index("ix_report_resource_id_version", "resource_id", "version"),
        *(
            Index(
                f"ix_report_current_{name}",
                "audience",
                *columns,
                "resource_id",
                sqlite_where=text("is_current = 1"),
                postgresql_where=text("is_current"),
            )
            for name, columns in _SEARCHED_BY.items()
        ),
        Index("ix_report_same_period", "measure_url", "organisation", "period_end"),
        Index(None, "organisation"),
        Index(None, "number", "audience", unique=True),
    )


class ReportContent(Base):
    """Grain: one row per version of a MeasureReport. content: its bytes, apart from what it is found by."""

    __tablename__ = "report_content"

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    content: Mapped[bytes]


class CellName(Base):
    """Grain: one row per thing that reports count: a population of a stratum of a stratifier.

    The stratum of a crossing has its components' codes joined by `*`, as its stratifier has their ids. "all": everybody
    that the reporter counts. "run-...": of the whole run; the stratum is the type or value set that is counted.
    """

    __tablename__ = "cell_name"
    __table_args__ = (UniqueConstraint("stratifier", "stratum", "population"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stratifier: Mapped[str]
    stratum: Mapped[str]
    population: Mapped[str]


class CellStateRow(Base):
    """Grain: one row per thing that became of counts; reason: why they are not given, beyond that."""

    __tablename__ = "cell_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str | None]


class ReleasedCellRow(Base):
    """Grain: one row per version of a report and what it counts: all numbers that it gives, and all that it does not.

    value: people; null: not given. A score follows from the other cells; where none is given, that is the cell of the
    population "score". There are millions, so that their ids are declared as no foreign keys, which are looked up for
    each: of a report, a name and a state that are written in the same transaction.
    """

    __tablename__ = "released_cell"
    __table_args__ = ({"sqlite_with_rowid": False},)

    report_id: Mapped[int] = mapped_column(primary_key=True)
    cell_name_id: Mapped[int] = mapped_column(primary_key=True)
    cell_state_id: Mapped[int]
    value: Mapped[int | None]


class MeasureRow(VersionRow, Base):
    """Grain: one row per version of a Measure resource; `measure_version` is the definition's own."""

    __tablename__ = "measure"
    __table_args__ = (UniqueConstraint("resource_id", "version"),)

    content: Mapped[bytes]
    url: Mapped[str]
    measure_version: Mapped[str]
    status: Mapped[str]


class OrganisationRow(VersionRow, Base):
    """Grain: one row per version of an Organization resource; `organisation` is its ODS code."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("resource_id", "version"),)

    content: Mapped[bytes]
    identifier_system: Mapped[str]


class MembershipRow(Owned, Base):
    """Grain: one row per practice and reference date of a release, and another each time that a release says otherwise.

    organisation: the practice. pcn, icb: what it belonged to on `as_of`, by ODS code; null: not known, or to none.
    is_latest: no later release says otherwise of that day.
    """

    __tablename__ = "membership"
    __table_args__ = (
        Index(None, "as_of", "organisation"),
        Index(None, "as_of", "pcn", "icb"),
    )

    organisation: Mapped[str] = mapped_column()
    as_of: Mapped[date]
    pcn: Mapped[str | None]
    icb: Mapped[str | None]
    is_latest: Mapped[bool]


class Delivery(Owned, Base):
    """Grain: one row per try to send a version of a report to a server.

    number: in the order of the tries. target: origin and path of the server, nothing secret. status: sent or failed.
    location: without query.
    outcome: what came back, in our own words.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index(None, "target", "report_id"), Index(None, "number", unique=True))

    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    number: Mapped[int]
    target: Mapped[str]
    status: Mapped[str]
    http_status: Mapped[int | None]
    etag: Mapped[str | None]
    location: Mapped[str | None]
    outcome: Mapped[str | None]

    report: Mapped[ReportRow] = relationship()


class NumberingRow(Base):
    """Grain: one row per kind of row that is numbered. last: the number that was given last."""

    __tablename__ = "numbering"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
