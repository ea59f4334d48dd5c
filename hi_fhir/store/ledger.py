"""What was released to whom: rows are only ever added."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, insert, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from hi_fhir.core.audiences import Audience
from hi_fhir.store.cells import NewCells, write_cells
from hi_fhir.store.models import PUBLIC, MeasureRow, OrganisationRow, Release, ReportContent, ReportRow
from hi_fhir.store.search import StoredVersion, latest_measure, latest_organisation, latest_report

_AT_ONCE = 1_000  # identifiers in one query


@dataclass(frozen=True)
class NewReport:
    """A report to release. reporter, reporter_system: its organisation's ODS code and the code's system.

    cells: every count that its content gives or withholds.
    """

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
    cells: NewCells


@dataclass(frozen=True)
class NewRelease:
    """What is common to the reports of one release. published: digest of what the audience had before.

    data_dates: source to the day its data is of, as ISO text.
    """

    evaluation_id: str
    audience: Audience
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


class KeptVersion(NamedTuple):
    """The version of a report that holds now. row: the id of its row where it was added; None: it was there."""

    version: ReleasedVersion
    row: int | None

    @property
    def is_new(self) -> bool:
        return self.row is not None


class _Last(NamedTuple):
    """A report's last version. data_dates: of its release."""

    identifier: str
    version: int
    sha256: str
    as_of: date
    data_dates: dict[str, str] | None


class LaterDay(NamedTuple):
    """A day of a report's last version that lies after the same day of what would be its next.

    source: whose extract date it is; None: the reference date. last, next: as ISO text.
    """

    source: str | None
    last: str
    next: str


def released_versions(session: Session, audiences: Collection[Audience]) -> list[ReleasedVersion]:
    """Every version that any of the audiences was ever given, in order of identifier and version."""
    columns = select(ReportRow.identifier, ReportRow.version, ReportRow.sha256).where(ReportRow.audience.in_(audiences))
    return [ReleasedVersion(*row) for row in session.execute(columns.order_by(ReportRow.identifier, ReportRow.version))]


def report_version(session: Session, identifier: str) -> StoredVersion | None:
    """The latest version of the report with this identifier."""
    return latest_report(session.connection(), ReportRow.identifier == identifier)


def measure_version(session: Session, id_: str) -> StoredVersion | None:
    """The latest version of a Measure resource."""
    return latest_measure(session.connection(), MeasureRow.resource_id == id_)


def organisation_version(session: Session, id_: str) -> StoredVersion | None:
    """The latest version of an Organization resource."""
    return latest_organisation(session.connection(), OrganisationRow.resource_id == id_)


def overtaken(session: Session, release: NewRelease, reports: Sequence[NewReport]) -> list[LaterDay]:
    """Of each report whose last version is of a later day than this one, such a day: newer data was released before.

    A source that only one of the two has is compared with nothing.
    """
    last = _last_versions(session, reports)
    known = ((last[report.identifier], report) for report in reports if report.identifier in last)
    later = (next(_later_days(one, release, report), None) for one, report in known)
    return [day for day in later if day is not None]


def _later_days(last: _Last, release: NewRelease, report: NewReport) -> Iterator[LaterDay]:
    if last.as_of > report.as_of:
        yield LaterDay(None, last.as_of.isoformat(), report.as_of.isoformat())
    for source, day in sorted((last.data_dates or {}).items()):
        if day > release.data_dates.get(source, day):
            yield LaterDay(source, day, release.data_dates[source])


def record_reports(
    session: Session, release: NewRelease, reports: Sequence[NewReport], at: datetime
) -> list[KeptVersion]:
    """Keep each report that is not, byte for byte, its latest version already; the versions that hold now, in order."""
    last = _last_versions(session, reports)
    holding = [_holding(report, last.get(report.identifier)) for report in reports]
    new = [(report, version) for report, (version, is_new) in zip(reports, holding, strict=True) if is_new]
    rows = _add(session, release, new, at) if new else {}
    return [KeptVersion(version, rows.get(version.identifier)) for version, _ in holding]


def record_measure(session: Session, measure: NewMeasure, at: datetime) -> None:
    """Keep a Measure resource as a new version, if it is not the latest already."""
    last = measure_version(session, measure.id)
    digest = _digest(measure.content)
    if last is None or last.sha256 != digest:
        session.add(
            MeasureRow(
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
            OrganisationRow(
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


def _holding(report: NewReport, last: _Last | None) -> tuple[ReleasedVersion, bool]:
    """The version that holds once the report is kept, and whether it is a new one."""
    digest = _digest(report.content)
    if last is not None and last.sha256 == digest:
        return ReleasedVersion(last.identifier, last.version, digest), False
    return ReleasedVersion(report.identifier, last.version + 1 if last else 1, digest), True


def _add(
    session: Session, release: NewRelease, new: Sequence[tuple[NewReport, ReleasedVersion]], at: datetime
) -> dict[str, int]:
    """Add new versions of reports, with their contents and cells, and mark them as the latest; their rows' ids."""
    releases = _releases(session, release, {report.reporter for report, _ in new}, at)
    for batch in _batches([version.identifier for _, version in new]):
        earlier = update(ReportRow).where(ReportRow.identifier.in_(batch), ReportRow.is_latest)
        session.execute(earlier.values(is_latest=False, is_current=False))
    rows = [
        {
            "release_id": releases[report.reporter],
            "audience": release.audience,
            "organisation": report.reporter,
            "recorded_at": at,
            "resource_id": report.id,
            "version": version.version,
            "sha256": version.sha256,
            "identifier_system": report.identifier_system,
            "identifier": report.identifier,
            "measure_url": report.measure_url,
            "measure_version": report.measure_version,
            "reporter_id": report.reporter_id,
            "reporter_system": report.reporter_system,
            "status": report.status,
            "period_start": report.period_start,
            "period_end": report.period_end,
            "as_of": report.as_of,
            "data_date": report.data_date,
            "is_latest": True,
            "is_current": True,
        }
        for report, version in new
    ]
    ids = session.scalars(insert(ReportRow).returning(ReportRow.id, sort_by_parameter_order=True), rows).all()
    added = dict(zip(ids, (report for report, _ in new), strict=True))
    session.execute(insert(ReportContent), [{"report_id": id_, "content": one.content} for id_, one in added.items()])
    write_cells(session, {id_: report.cells for id_, report in added.items()})
    _mark_current(session, min(ids))
    return {report.identifier: id_ for id_, report in added.items()}


def _mark_current(session: Session, first: int) -> None:
    """Have one report of a measure, reporter, period and audience be current, where the rows from `first` on are new.

    There are others from before they were versions of one, and from before the deployment had another name.
    """
    new, other = aliased(ReportRow), aliased(ReportRow)
    rivals = select(new.id, other.id).where(new.id >= first, other.is_latest, *_rivals(new, other))
    touched = {id_ for pair in session.execute(rivals) for id_ in pair}
    if touched:
        later = select(other.id).where(*_rivals(ReportRow, other), _days(other) > _days(ReportRow)).exists()
        of_them = update(ReportRow).where(ReportRow.id.in_(touched), ReportRow.is_latest)
        session.execute(of_them.values(is_current=~later), execution_options={"synchronize_session": False})


def _rivals(one: type[ReportRow], other: type[ReportRow]) -> list[ColumnElement[bool]]:
    """That two reports are of the same measure, reporter, period and audience, and not versions of one."""
    same = ("measure_url", "organisation", "period_end", "period_start", "audience")
    return [*(getattr(other, name) == getattr(one, name) for name in same), other.resource_id != one.resource_id]


def _days(report: type[ReportRow]) -> ColumnElement[Any]:
    return tuple_(report.as_of, report.data_date, report.id)


def _releases(session: Session, release: NewRelease, reporters: set[str], at: datetime) -> dict[str, int]:
    """The rows of this release by reporter, made where there are none."""
    same = select(Release.organisation, Release.id).where(
        Release.evaluation_id == release.evaluation_id,
        Release.audience == release.audience,
        Release.policy_id == release.policy_id,
        Release.policy_version == release.policy_version,
    )
    there = {reporter for reporter, _ in session.execute(same)}
    session.add_all(
        Release(organisation=reporter, recorded_at=at, **vars(release)) for reporter in sorted(reporters - there)
    )
    session.flush()
    return {reporter: id_ for reporter, id_ in session.execute(same) if reporter is not None}


def _last_versions(session: Session, reports: Iterable[NewReport]) -> dict[str, _Last]:
    """The last version of each report that has one, by identifier."""
    columns = (ReportRow.identifier, ReportRow.version, ReportRow.sha256, ReportRow.as_of, Release.data_dates)
    found: dict[str, _Last] = {}
    for batch in _batches([report.identifier for report in reports]):
        rows = select(*columns).join(Release).where(ReportRow.identifier.in_(batch), ReportRow.is_latest)
        found |= {row.identifier: _Last(*row) for row in session.execute(rows)}
    return found


def _batches(identifiers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (identifiers[start : start + _AT_ONCE] for start in range(0, len(identifiers), _AT_ONCE))


def _next(last: StoredVersion | None) -> int:
    return last.version + 1 if last else 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
