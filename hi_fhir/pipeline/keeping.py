"""Writing a release into the store once it was attacked, beside whatever else is written there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.pipeline.attacked import attack_candidate
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.noticing import as_kept, with_corrections
from hi_fhir.pipeline.published import reckoned_with
from hi_fhir.pipeline.release_job import ReleaseJob
from hi_fhir.reports.records import ReadyReport
from hi_fhir.store import ledger
from hi_fhir.store.attacks import AttackedVersions, AttackSummary, record_attack
from hi_fhir.store.memberships import DayMembership, record_memberships
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.announcing import announce
from hi_fhir.tables.dates import london_day


class Ready(NamedTuple):
    """What is to be kept, built and checked."""

    reports: list[ReadyReport]
    measures: list[ledger.NewMeasure]
    organisations: list[ledger.NewOrganisation]


class KeptRelease(NamedTuple):
    """What was kept, and of what: reports that correct others say so."""

    records: list[ledger.NewReport]
    kept: list[ledger.KeptVersion]


def keep(
    context: RunContext, job: ReleaseJob, released: ReleasedCounts, ready: Ready, newest: int
) -> KeptRelease | None:
    """Attack a release, then write it in batches, so that other writers wait for a fraction of a second each time.

    A report is there whole or not at all. Who ends in between has released some, and the same command the others: it
    decides as before, since what was released of the same evaluation is its own.
    newest: the last version that was decided with. None: others released before all was written.

    Raises:
        GateError: it is of older data than what the audience has, or a small count can be worked out with it. Nothing
            is written.
    """
    policy, audiences, store = released.policy, reckoned_with(job.audience), context.store
    at, base = context.clock.now(), context.config.canonical_base.rstrip("/")
    dates = {one.source_id: one.data_date.isoformat() for one in job.evaluation.snapshots}
    new = ledger.NewRelease(job.evaluation.id, job.audience, policy.id, policy.version, released.published, dates)
    records = [one.record for one in ready.reports]
    with store.read() as session:
        _check_days(job, ledger.overtaken(session, new, records))
        if ledger.newest_version(session, audiences) != newest:
            return None
    attack = attack_candidate(context, job, policy.id, ready.reports, newest)
    written = KeptRelease([], [])
    for plain in ledger.batches(records):
        with store.read() as session:
            batch = with_corrections(session, plain, base, london_day(at))
            prepared = ledger.prepare_reports(session, batch)
        with store.write() as session:
            if ledger.newest_version(session, audiences) != newest:
                return None
            if not written.kept:
                _keep_definitions(session, job, ready, at)
            recorded = ledger.record_reports(session, new, prepared, at)
            announce(session, [one.row for one in recorded if one.row is not None], at)
            newest = ledger.newest_version(session, audiences)
            _record_attack(
                session, job, attack, range(newest + 1 - sum(one.is_new for one in recorded), newest + 1), at
            )
        written.kept.extend(recorded)
        written.records.extend(batch)
    return written


def kept_reports(store: Store, built: Sequence[ReadyReport], written: KeptRelease) -> list[ReadyReport]:
    with store.read() as session:
        records = as_kept(session, written.records, written.kept)
    return [replace(one, record=record) for one, record in zip(built, records, strict=True)]


def _record_attack(
    session: Session, job: ReleaseJob, attack: AttackSummary | None, numbers: Sequence[int], at: datetime
) -> None:
    if attack is not None and numbers:
        record_attack(session, AttackedVersions(job.audience, job.evaluation.id, numbers), attack, at)


def _keep_definitions(session: Session, job: ReleaseJob, ready: Ready, at: datetime) -> None:
    """What reports are read by: who belonged where, and what they speak of. It comes with the first of them."""
    belonged = (DayMembership(area.practice_id, area.pcn_id, area.icb_id) for area in job.evaluation.areas)
    record_memberships(session, job.evaluation.as_of, belonged, at)
    for measure in ready.measures:
        ledger.record_measure(session, measure, at)
    for organisation in ready.organisations:
        ledger.record_organisation(session, organisation, at)


def _check_days(job: ReleaseJob, overtaken: Sequence[ledger.LaterDay]) -> None:
    """That no report of older data comes after one of newer: the last version is what a period is known by."""
    if overtaken:
        source, last, next_ = overtaken[0]
        what = f"the extract date of {source}" if source else "the reference date"
        raise GateError(
            f"evaluation {job.evaluation.id}: {len(overtaken)} reports were released to the {job.audience} audience "
            f"from newer data already ({what} {last}, here {next_}), and older data does not come after it. Evaluate "
            "the newest snapshots; to report by an earlier reference date, give a period that ends on it."
        )
