"""What an audience is given of an evaluation: decided, built, and kept unless others released in the meantime."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError
from hi_fhir.disclosure.policies import Policy, policies
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.keeping import Ready, keep, kept_reports
from hi_fhir.pipeline.published import published, reckoned_with
from hi_fhir.pipeline.redefined import check_definitions
from hi_fhir.pipeline.release_job import ReleaseJob
from hi_fhir.reports.cells import ReleaseCells
from hi_fhir.reports.measure_report import MeasureReports, ReportSettings, measure_url
from hi_fhir.reports.records import ReadyReport, Records
from hi_fhir.store import ledger

_TRIES = 5  # others who release to the same audience in the meantime


class Given(NamedTuple):
    """What was decided, built and kept. The others: as of ReleasedCounts."""

    reports: list[ReadyReport]
    kept: list[ledger.KeptVersion]
    already_known: int
    held_back: float
    guarded: int
    proven: int
    policy: str


def give(context: RunContext, job: ReleaseJob) -> Given:
    """Decide, build and keep everything that the audience gets.

    Nothing is built while the store is held for writing. What was decided is kept only where nobody was given anything
    since, which the decision would have had to see; else it is decided and built anew.

    Raises:
        BusyError: others go on releasing at the same time.
    """
    store, policy = context.store, policies(context.config.disclosure_policy)[job.audience]
    for _ in range(_TRIES):
        newest, released = decide(context, job, policy)
        ready = build(context, job, released)
        written = keep(context, job, released, ready, newest)
        if written is not None:
            return Given(
                kept_reports(store, ready.reports, written),
                written.kept,
                released.already_known,
                round(released.held_back, 4),
                released.guarded,
                released.proven,
                f"{policy.id} {policy.version}",
            )
    raise BusyError("others go on releasing reports at the same time. Give the command again once they are done.")


class Decided(NamedTuple):
    """newest: number of the last version that was reckoned with."""

    newest: int
    released: ReleasedCounts


def decide(context: RunContext, job: ReleaseJob, policy: Policy) -> Decided:
    """What the audience would be given, beside all that it has.

    Raises:
        UserError: a measure, value set or mapping was changed since it was last released, and its version was not.
    """
    context.steps.start("report", len(job.measures) * len(job.reporting), "reports")
    with context.store.read() as session:
        newest = ledger.newest_version(session, reckoned_with(job.audience))
        seen = ledger.released_versions(session, reckoned_with(job.audience))
        check_definitions(session, job.evaluation, _urls(context.config, job))
        return Decided(newest, release(job.exact, policy, _published(context.config, session, job, seen)))


def build(context: RunContext, job: ReleaseJob, released: ReleasedCounts) -> Ready:
    config = context.config
    settings = ReportSettings(config.identifier_system, config.canonical_base.rstrip("/"))
    records = Records(job.evaluation, settings.base)
    reports = MeasureReports(settings, job.evaluation, released.policy)
    return Ready(
        records.reports(ReleaseCells(released), reports, job.measures, job.reporting, context.steps.advance),
        [records.measure(evaluated) for evaluated in job.measures],
        [records.organisation(reporter) for reporter in job.reporting],
    )


def _urls(config: Config, job: ReleaseJob) -> list[tuple[str, str]]:
    base = config.canonical_base.rstrip("/")
    return [(evaluated.measure.id, measure_url(base, evaluated.measure.id)) for evaluated in job.measures]


def _published(config: Config, session: Session, job: ReleaseJob, seen: Iterable[ledger.ReleasedVersion]) -> Published:
    measures = [evaluated.measure for evaluated in job.measures]
    return published(session, job.audience, seen, job.evaluation, measures, config)
