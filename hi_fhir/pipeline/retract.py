"""Retract: released reports are withdrawn everywhere, as a new version without numbers that says why, and who asked."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError, NotFoundError, UserError
from hi_fhir.core.events import step
from hi_fhir.core.files import commit_bytes
from hi_fhir.pipeline.context import RunContext
from hi_fhir.reports.noticed import withdrawn_report
from hi_fhir.store import ledger, withdrawing
from hi_fhir.store.cells import NewCells
from hi_fhir.store.models import ReportRow
from hi_fhir.store.notices import WITHDRAWN, NewNotice, Notice, NoticeKind
from hi_fhir.store.withdrawing import ReportChoice
from hi_fhir.subscriptions.announcing import announce
from hi_fhir.tables.dates import london_day

_AT_ONCE = 100  # reports in one transaction, for which other writers wait
_NO_CELLS = NewCells((), (), (), ())


class RetractedReport(msgspec.Struct, frozen=True):
    """version: that withdraws it; of a dry run, the one that would. already: it was withdrawn before."""

    id: str
    identifier: str
    audience: str
    measure: str
    reporter: str | None
    period: tuple[str, str]
    version: int
    already: bool


class RetractManifest(msgspec.Struct, frozen=True):
    """reports: all that were chosen. sent: of them, to the server that was named. files: copies of runs that were
    replaced."""

    reports: list[RetractedReport]
    sent: int = 0
    files: int = 0


def _counted(manifest: RetractManifest) -> dict[str, object]:
    return {"reports": len(manifest.reports), "sent": manifest.sent}


class LiftManifest(msgspec.Struct, frozen=True):
    """identifiers: of the reports that the next release gives again."""

    identifiers: list[str]


def chosen(context: RunContext, choice: ReportChoice) -> list[RetractedReport]:
    """What `retract` would withdraw, which is all that a dry run does.

    Raises:
        UserError: nothing is asked for, which would be everything.
        NotFoundError: no report is meant.
    """
    with context.store.read() as session:
        return [_told(row, row.version + (row.status != WITHDRAWN)) for row in _rows(session, choice)]


@step("retract", _counted)
def retract(
    context: RunContext, choice: ReportChoice, notice: Notice, publish_url: str | None = None
) -> RetractManifest:
    """Withdraw reports, tell their subscribers, replace the copies in the folders of runs, and tell a server.

    What is withdrawn already stays as it is; the same call again goes on where it was interrupted. publish_url: a
    server, which is sent those that it was sent before.

    Raises:
        UserError: nothing is asked for, which would be everything.
        NotFoundError: no report is meant.
        BusyError: others release the same reports at the same time.
        SourceError: the server did not take them all; the reports are withdrawn here.
    """
    if publish_url:
        from hi_fhir.pipeline.publish import check_target

        check_target(context.config, publish_url)
    with context.store.read() as session:
        rows = _rows(session, choice)
    before = [row for row in rows if row.status != WITHDRAWN]
    context.steps.start("retract", len(before), "reports")
    for _, of_release in groupby(before, key=lambda row: row.release_id):
        same = list(of_release)
        for some in (same[start : start + _AT_ONCE] for start in range(0, len(same), _AT_ONCE)):
            _withdraw(context, some, notice)
            context.steps.advance(len(some))
    context.steps.finish(f"{len(before)} reports withdrawn")
    with context.store.read() as session:
        now = withdrawing.chosen_reports(session, ReportChoice(ids=[row.identifier for row in rows]))
        files = sum(_replace_copies(context.config, session, row) for row in now if row.status == WITHDRAWN)
    sent = _send(context, publish_url, now) if publish_url else 0
    was = {row.identifier for row in before}
    return RetractManifest([_told(row, row.version, row.identifier not in was) for row in now], sent, files)


def lift(context: RunContext, choice: ReportChoice, notice: Notice) -> LiftManifest:
    """Have the next release give withdrawn reports again, each of which then says so.

    Raises:
        UserError: nothing is asked for, which would be everything.
        NotFoundError: no report is meant, or none that is withdrawn.
    """
    with context.store.write() as session:
        identifiers = [row.identifier for row in _rows(session, choice)]
        lifted = withdrawing.lift(session, identifiers, notice, context.clock.now())
    if not lifted:
        raise NotFoundError(f"none of the {len(identifiers)} reports is withdrawn.")
    return LiftManifest(lifted)


def _rows(session: Session, choice: ReportChoice) -> Sequence[ReportRow]:
    if choice.is_everything:
        raise UserError("say which reports: by ID, --measure, --reporter, --period or --evaluation.")
    rows = withdrawing.chosen_reports(session, choice)
    if not rows:
        raise NotFoundError("no released report is meant by that. hi-fhir statistics --json has those that hold.")
    return rows


def _withdraw(context: RunContext, rows: Sequence[ReportRow], notice: Notice) -> None:
    """Withdraw reports of one release, and write what tells their subscribers, in one transaction."""
    at, base = context.clock.now(), context.config.canonical_base.rstrip("/")
    with context.store.read() as session:
        new = [_withdrawn(session, row, base, notice, context) for row in rows]
        prepared = ledger.prepare_reports(session, new)
    release = rows[0].release
    common = ledger.NewRelease(
        evaluation_id=release.evaluation_id,
        audience=Audience(rows[0].audience),
        policy_id=release.policy_id,
        policy_version=release.policy_version,
        published=release.published,
        data_dates=release.data_dates or {},
    )
    with context.store.write() as session:
        versions = {one.identifier: one.version for one in _again(session, rows)}
        if any(versions[row.identifier] != row.version for row in rows):
            raise BusyError("others release these reports at the same time. Give the command again.")
        kept = ledger.record_reports(session, common, prepared, at)
        announce(session, [one.row for one in kept if one.row is not None], at)


def _again(session: Session, rows: Sequence[ReportRow]) -> Sequence[ReportRow]:
    return withdrawing.chosen_reports(session, ReportChoice(ids=[row.identifier for row in rows]))


def _withdrawn(session: Session, row: ReportRow, base: str, notice: Notice, context: RunContext) -> ledger.NewReport:
    kept = ledger.report_version(session, row.identifier)
    assert kept is not None  # noqa: S101 - the row is its last version
    return ledger.NewReport(
        id=row.resource_id,
        identifier_system=row.identifier_system,
        identifier=row.identifier,
        measure_url=row.measure_url,
        measure_version=row.measure_version,
        reporter_id=row.reporter_id,
        reporter_system=row.reporter_system,
        reporter=row.organisation or "",
        status=WITHDRAWN,
        period_start=row.period_start,
        period_end=row.period_end,
        as_of=row.as_of,
        data_date=row.data_date,
        content=withdrawn_report(kept.content, base, notice, london_day(context.clock.now())),
        cells=_NO_CELLS,
        notice=NewNotice(NoticeKind.WITHDRAWN, notice),
    )


def _copies(config: Config, row: ReportRow) -> Iterator[Path]:
    """Where runs have written the report."""
    measure = row.measure_url.rpartition("/")[2]
    for path in (config.data_dir / "runs").glob(f"*/reports/{row.audience}/{row.reporter_id}/{measure}.json"):
        if row.identifier.encode() in path.read_bytes():
            yield path


def _replace_copies(config: Config, session: Session, row: ReportRow) -> int:
    """Have each copy say that it was withdrawn; how many did not."""
    kept = ledger.report_version(session, row.identifier)
    old = [path for path in _copies(config, row) if kept is not None and path.read_bytes() != kept.content]
    for path in old:
        commit_bytes(path, kept.content if kept else b"")
    return len(old)


def _send(context: RunContext, url: str, rows: Sequence[ReportRow]) -> int:
    """Send a server those withdrawn reports that it was sent before; how many that were."""
    from hi_fhir.pipeline.publish import send_withdrawn  # a client, which nothing else of this needs

    return send_withdrawn(context, url, [row for row in rows if row.status == WITHDRAWN])


def _told(row: ReportRow, version: int, already: bool | None = None) -> RetractedReport:
    return RetractedReport(
        id=row.resource_id,
        identifier=row.identifier,
        audience=row.audience,
        measure=row.measure_url.rpartition("/")[2],
        reporter=row.organisation,
        period=(row.period_start.isoformat(), row.period_end.isoformat()),
        version=version,
        already=row.status == WITHDRAWN if already is None else already,
    )
