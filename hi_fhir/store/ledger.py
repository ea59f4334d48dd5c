"""What was released to whom and sent where: rows are only ever added."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from hi_fhir.store.models import PUBLIC, Delivery, Measure, Organisation, Release, Report
from hi_fhir.store.search import Stored, latest, stored

_LIGHT = defer(Report.content)  # a report's bytes are read only where they are asked for


@dataclass(frozen=True)
class NewReport:
    """A report to release. reporter, reporter_system: its organisation's ODS code and the code's system."""

    id: str
    identifier_system: str
    identifier: str
    measure_url: str
    measure_version: str
    reporter_id: str
    reporter_system: str
    reporter: str
    status: str
    period_start: date
    period_end: date
    as_of: date
    data_date: date
    content: bytes


@dataclass(frozen=True)
class NewRelease:
    """What is common to the reports of one release. published: digest of what the audience had before.

    data_dates: source to the day its data is of, as ISO text.
    """

    evaluation_id: str
    audience: str
    policy_id: str
    policy_version: str
    published: str
    data_dates: dict[str, str]


@dataclass(frozen=True)
class NewMeasure:
    id: str
    url: str
    version: str
    status: str
    content: bytes


@dataclass(frozen=True)
class NewOrganisation:
    id: str
    system: str
    code: str
    content: bytes


class ReleasedVersion(NamedTuple):
    """A version of a report that an audience was given."""

    identifier: str
    version: int
    sha256: str


class LaterDay(NamedTuple):
    """A day of a report's last version that lies after the same day of what would be its next.

    source: whose data's date it is; None: the as-of day. last, next: as ISO text.
    """

    source: str | None
    last: str
    next: str


@dataclass(frozen=True)
class Delivered:
    """One try to send a version of a report. status: sent or failed."""

    identifier: str
    version: int
    target: str
    status: str
    http_status: int | None = None
    etag: str | None = None
    location: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class LastDelivery:
    version: int
    sha256: str
    status: str
    http_status: int | None
    etag: str | None
    location: str | None


class DeliveryCount(NamedTuple):
    """How many reports for an audience a server was last sent, by what came of it."""

    target: str
    audience: str
    status: str
    reports: int


def released_versions(session: Session, audience: str) -> list[ReleasedVersion]:
    """Every version that the audience was ever given, in order of identifier and version."""
    columns = select(Report.identifier, Report.version, Report.sha256).where(Report.audience == audience)
    return [ReleasedVersion(*row) for row in session.execute(columns.order_by(Report.identifier, Report.version))]


def released_content(session: Session, identifier: str, version: int) -> bytes:
    """The bytes of one version of a report."""
    of_it = select(Report.content).where(Report.identifier == identifier, Report.version == version)
    return session.execute(of_it).scalar_one()


def report_version(session: Session, identifier: str) -> Stored | None:
    """The latest version of the report with this identifier."""
    row = _latest_report(session, identifier)
    return stored(row) if row else None


def measure_version(session: Session, id_: str) -> Stored | None:
    """The latest version of a Measure resource."""
    return latest(session, Measure, Measure.resource_id == id_)


def organisation_version(session: Session, id_: str) -> Stored | None:
    """The latest version of an Organization resource."""
    return latest(session, Organisation, Organisation.resource_id == id_)


def overtaken(session: Session, release: NewRelease, reports: Iterable[NewReport]) -> list[LaterDay]:
    """Of each report whose last version is of a later day than this one, such a day: newer data was released before.

    A source that only one of the two has is compared with nothing.
    """
    found = []
    for report in reports:
        last = _latest_report(session, report.identifier)
        if last is not None and (later := next(_later_days(last, release, report), None)):
            found.append(later)
    return found


def _later_days(last: Report, release: NewRelease, report: NewReport) -> Iterator[LaterDay]:
    if last.as_of > report.as_of:
        yield LaterDay(None, last.as_of.isoformat(), report.as_of.isoformat())
    for source, day in sorted((last.release.data_dates or {}).items()):
        if day > release.data_dates.get(source, day):
            yield LaterDay(source, day, release.data_dates[source])


def record_reports(
    session: Session, release: NewRelease, reports: Iterable[NewReport], at: datetime
) -> list[ReleasedVersion]:
    """Keep each report that is not, byte for byte, its latest version already; the versions that hold now, in order."""
    return [_record_report(session, release, report, at) for report in reports]


def record_measure(session: Session, measure: NewMeasure, at: datetime) -> None:
    """Keep a Measure resource as a new version, if it is not the latest already."""
    last = measure_version(session, measure.id)
    digest = _digest(measure.content)
    if last is None or last.sha256 != digest:
        session.add(
            Measure(
                audience=PUBLIC,
                organisation=None,
                recorded_at=at,
                resource_id=measure.id,
                version=_next(last),
                content=measure.content,
                sha256=digest,
                url=measure.url,
                measure_version=measure.version,
                status=measure.status,
            )
        )


def record_organisation(session: Session, organisation: NewOrganisation, at: datetime) -> None:
    """Keep an Organization resource as a new version, if it is not the latest already."""
    last = organisation_version(session, organisation.id)
    digest = _digest(organisation.content)
    if last is None or last.sha256 != digest:
        session.add(
            Organisation(
                audience=PUBLIC,
                organisation=organisation.code,
                recorded_at=at,
                resource_id=organisation.id,
                version=_next(last),
                content=organisation.content,
                sha256=digest,
                identifier_system=organisation.system,
            )
        )


def record_delivery(session: Session, delivered: Delivered, at: datetime) -> None:
    """Keep what came of sending a version of a report."""
    report = session.scalars(
        select(Report).where(Report.identifier == delivered.identifier, Report.version == delivered.version)
    ).one()
    session.add(
        Delivery(
            audience=report.audience,
            organisation=report.organisation,
            recorded_at=at,
            report_id=report.id,
            target=delivered.target,
            status=delivered.status,
            http_status=delivered.http_status,
            etag=delivered.etag,
            location=delivered.location,
            outcome=delivered.outcome,
        )
    )


def last_deliveries(session: Session, target: str) -> dict[str, LastDelivery]:
    """The newest try to send each report to `target`, by identifier, whatever came of it."""
    newest = (
        select(func.max(Delivery.id))
        .join(Report)
        .where(Delivery.target == target)
        .group_by(Report.identifier)
        .scalar_subquery()
    )
    rows = session.execute(select(Delivery, Report).join(Report).where(Delivery.id.in_(newest)).options(_LIGHT))
    return {report.identifier: _last_delivery(delivery, report) for delivery, report in rows}


def delivery_counts(session: Session) -> list[DeliveryCount]:
    """What every server was sent, the newest try of each report alone, in order of server and audience."""
    newest = select(func.max(Delivery.id)).join(Report).group_by(Delivery.target, Report.identifier).scalar_subquery()
    groups = (Delivery.target, Delivery.audience, Delivery.status)
    counts = select(*groups, func.count()).where(Delivery.id.in_(newest)).group_by(*groups).order_by(*groups)
    return [DeliveryCount(*row) for row in session.execute(counts)]


def _last_delivery(delivery: Delivery, report: Report) -> LastDelivery:
    return LastDelivery(
        version=report.version,
        sha256=report.sha256,
        status=delivery.status,
        http_status=delivery.http_status,
        etag=delivery.etag,
        location=delivery.location,
    )


def _record_report(session: Session, release: NewRelease, report: NewReport, at: datetime) -> ReleasedVersion:
    last = _latest_report(session, report.identifier)
    digest = _digest(report.content)
    if last is not None and last.sha256 == digest:
        return ReleasedVersion(last.identifier, last.version, digest)
    row = Report(
        release=_release(session, release, report.reporter, at),
        audience=release.audience,
        organisation=report.reporter,
        recorded_at=at,
        resource_id=report.id,
        version=last.version + 1 if last else 1,
        content=report.content,
        sha256=digest,
        identifier_system=report.identifier_system,
        identifier=report.identifier,
        measure_url=report.measure_url,
        measure_version=report.measure_version,
        reporter_id=report.reporter_id,
        reporter_system=report.reporter_system,
        status=report.status,
        period_start=report.period_start,
        period_end=report.period_end,
        as_of=report.as_of,
        data_date=report.data_date,
    )
    session.add(row)
    return ReleasedVersion(row.identifier, row.version, digest)


def _release(session: Session, release: NewRelease, reporter: str, at: datetime) -> Release:
    """The row of this release for one reporter, made where there is none."""
    same = select(Release).where(
        Release.evaluation_id == release.evaluation_id,
        Release.audience == release.audience,
        Release.policy_id == release.policy_id,
        Release.policy_version == release.policy_version,
        Release.organisation == reporter,
    )
    row = session.scalars(same).first()
    if row is None:
        row = Release(organisation=reporter, recorded_at=at, **vars(release))
        session.add(row)
    return row


def _latest_report(session: Session, identifier: str) -> Report | None:
    of_it = select(Report).where(Report.identifier == identifier).options(_LIGHT)
    return session.scalars(of_it.order_by(Report.version.desc()).limit(1)).first()


def _next(last: Stored | None) -> int:
    return last.version + 1 if last else 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
