"""What was released to whom: rows are only ever added."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, insert, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session, aliased

from hi_fhir.core.audiences import Audience
from hi_fhir.core.gzipped import gzipped
from hi_fhir.store.cells import NewCells, write_cells
from hi_fhir.store.models import PUBLIC, MeasureRow, OrganisationRow, Release, ReportContent, ReportRow
from hi_fhir.store.notices import WITHDRAWN, NewNotice, StandingVersion, add_notices, standing_versions
from hi_fhir.store.numbering import next_numbers
from hi_fhir.store.search import StoredVersion, latest_measure, latest_organisation, latest_report

_AT_ONCE = 1_000  # identifiers in one query
_REPORTS_AT_ONCE = 500  # and cells of one transaction
_CELLS_AT_ONCE = 25_000
_ADD_CONTENT = insert(ReportContent.__table__).values(  # type: ignore[arg-type]
    report_id=bindparam("id"), content=type_coerce(bindparam("file"), LargeBinary)
)


@dataclass(frozen=True)
class NewReport:
    """A report to release. reporter, reporter_system: its organisation's ODS code and the code's system.

    cells: every count that its content gives or withholds. notice: what its content says of the version.
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
    notice: NewNotice | None = None


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
    """The version of a report that holds now. row: the id of its row where it was added; None: it was there.

    is_as_given: its content is what was to be kept; else the report stays withdrawn, or says why it was corrected.
    stays_withdrawn: what was to be kept would have given numbers, and is not.
    """

    version: ReleasedVersion
    row: int | None
    is_as_given: bool = True
    stays_withdrawn: bool = False

    @property
    def is_new(self) -> bool:
        return self.row is not None


class PreparedReport(NamedTuple):
    """A report that is ready to be written. file: its content as `core.gzipped` keeps it; None: it is kept already."""

    report: NewReport
    sha256: str
    file: bytes | None


class _Last(NamedTuple):
    """A report's last version. data_dates: of its release."""

    identifier: str
    version: int
    sha256: str
    as_of: date
    data_dates: dict[str, str] | None
    standing: StandingVersion

    def is_kept(self, report: NewReport, sha256: str) -> bool:
        """Whether it stays what holds where a report is released, whose content has that digest."""
        return self.sha256 == sha256 if report.status == WITHDRAWN else self.standing.is_kept(sha256)


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


def newest_version(session: Session, audiences: Collection[Audience]) -> int:
    """The number of the version that any of the audiences was given last; 0: of none."""
    return session.scalar(select(func.max(ReportRow.number)).where(ReportRow.audience.in_(audiences))) or 0


def batches(reports: Iterable[NewReport]) -> Iterator[list[NewReport]]:
    """Reports in order, in pieces that are written in a fraction of a second each: so long do other writers wait."""
    batch: list[NewReport] = []
    cells = 0
    for report in reports:
        size = len(report.cells.names)
        if batch and (cells + size > _CELLS_AT_ONCE or len(batch) == _REPORTS_AT_ONCE):
            yield batch
            batch, cells = [], 0
        batch.append(report)
        cells += size
    if batch:
        yield batch


def are_new(session: Session, reports: Sequence[NewReport]) -> list[bool]:
    """Of each report whether it would be a new version. One that stays withdrawn would be none."""
    last = _last_versions(session, reports)
    return [
        report.identifier not in last or not last[report.identifier].is_kept(report, _digest(report.content))
        for report in reports
    ]


def prepare_reports(session: Session, reports: Sequence[NewReport]) -> list[PreparedReport]:
    """What takes time in writing reports, done while nobody waits for it."""
    last = _last_versions(session, reports)
    return [_prepared(report, last.get(report.identifier)) for report in reports]


def record_reports(
    session: Session, release: NewRelease, reports: Sequence[PreparedReport], at: datetime
) -> list[KeptVersion]:
    """Keep each report that is not, byte for byte, its latest version already; the versions that hold now, in order.

    One that was withdrawn stays so, unless that was lifted.
    A version is there with its content and cells or not at all. What tells others of it is written in this session.
    """
    last = _last_versions(session, [one.report for one in reports])
    holding = [_holding(one, last.get(one.report.identifier)) for one in reports]
    new = [(one, version) for one, (version, is_new) in zip(reports, holding, strict=True) if is_new]
    rows = _add(session, release, new, at) if new else {}
    return [
        KeptVersion(
            version,
            rows.get(version.identifier),
            version.sha256 == one.sha256,
            version.sha256 != one.sha256 and last[version.identifier].standing.is_withdrawn,
        )
        for one, (version, _) in zip(reports, holding, strict=True)
    ]


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


def _prepared(report: NewReport, last: _Last | None) -> PreparedReport:
    digest = _digest(report.content)
    is_kept = last is not None and last.is_kept(report, digest)
    return PreparedReport(report, digest, None if is_kept else gzipped(report.content))


def _holding(one: PreparedReport, last: _Last | None) -> tuple[ReleasedVersion, bool]:
    """The version that holds once the report is kept, and whether it is a new one."""
    if last is not None and last.is_kept(one.report, one.sha256):
        return ReleasedVersion(last.identifier, last.version, last.sha256), False
    return ReleasedVersion(one.report.identifier, last.version + 1 if last else 1, one.sha256), True


def _add(
    session: Session, release: NewRelease, new: Sequence[tuple[PreparedReport, ReleasedVersion]], at: datetime
) -> dict[str, int]:
    """Add new versions of reports, with their contents and cells, and mark them as the latest; their rows' ids."""
    releases = _releases(session, release, {one.report.reporter for one, _ in new}, at)
    for batch in _batches([version.identifier for _, version in new]):
        earlier = update(ReportRow).where(ReportRow.identifier.in_(batch), ReportRow.is_latest)
        session.execute(earlier.values(is_latest=False, is_current=False))
    numbers = next_numbers(session, ReportRow.__tablename__, len(new))
    rows = [
        {
            "release_id": releases[report.reporter],
            "number": number,
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
        for number, ((report, _, _), version) in zip(numbers, new, strict=True)
    ]
    ids = session.scalars(insert(ReportRow).returning(ReportRow.id, sort_by_parameter_order=True), rows).all()
    added = dict(zip(ids, (one for one, _ in new), strict=True))
    files = [{"id": id_, "file": one.file or gzipped(one.report.content)} for id_, one in added.items()]
    session.connection().execute(_ADD_CONTENT, files)
    write_cells(session, {id_: one.report.cells for id_, one in added.items()})
    add_notices(session, {id_: one.report.notice for id_, one in added.items() if one.report.notice}, at)
    _mark_current(session, numbers[0])
    return {one.report.identifier: id_ for id_, one in added.items()}


def _mark_current(session: Session, first: int) -> None:
    """Have one report of a measure, reporter, period and audience be current. first: the number of the first new row.

    There are others from before they were versions of one, and from before the deployment had another name.
    """
    new, other = aliased(ReportRow), aliased(ReportRow)
    rivals = select(new.id, other.id).where(new.number >= first, other.is_latest, *_rivals(new, other))
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
    return tuple_(report.as_of, report.data_date, report.number)


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
        standing = standing_versions(session, batch)
        found |= {row.identifier: _Last(*row, standing[row.identifier]) for row in session.execute(rows)}
    return found


def _batches(identifiers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (identifiers[start : start + _AT_ONCE] for start in range(0, len(identifiers), _AT_ONCE))


def _next(last: StoredVersion | None) -> int:
    return last.version + 1 if last else 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
