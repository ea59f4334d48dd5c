"""The fourth step: counts are released to one audience and become MeasureReports, in the store and as files."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError, GateError, UserError
from hi_fhir.core.events import step
from hi_fhir.core.files import commit_files, owner_folder, sha256_file
from hi_fhir.disclosure.conditions import conditions_of
from hi_fhir.disclosure.counts import ExactCounts, Hierarchy, Stratum
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.disclosure.hierarchy import nested_strata
from hi_fhir.disclosure.policies import policies
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.disclosure.withheld import withheld_groups
from hi_fhir.measures.absence import withheld, withheld_strata
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, changed_contents, read_evaluation
from hi_fhir.pipeline.agreed import check_agreed
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.noticing import as_kept, with_corrections
from hi_fhir.pipeline.published import published, reckoned_with
from hi_fhir.pipeline.redefined import check_definitions
from hi_fhir.reports.basis import all_absences, run_counts
from hi_fhir.reports.cells import ReleaseCells
from hi_fhir.reports.evaluated import EvaluatedMeasure, code_lists, evaluated_measures, strata_lists
from hi_fhir.reports.measure_report import MeasureReports, ReportSettings, measure_url
from hi_fhir.reports.records import ReadyReport, Records
from hi_fhir.reports.reporters import Reporter, organisation_id, reporters
from hi_fhir.store import ledger
from hi_fhir.store.memberships import DayMembership, record_memberships
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.announcing import announce
from hi_fhir.tables.dates import london_day
from hi_fhir.tables.standing import Absence
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.catalogue import load as load_terminology

_TRIES = 5  # others who release to the same audience in the meantime


class ReleasedReport(msgspec.Struct, frozen=True):
    """One report as it was released. identifier: its value in the deployment's system.

    is_demonstration: whether any of its code lists was made up.
    """

    identifier: str
    id: str
    version: int
    sha256: str
    measure_id: str
    is_demonstration: bool
    reporter: str
    reporter_name: str | None
    organisation_id: str
    path: str


class ReportManifest(msgspec.Struct, frozen=True):
    """What an audience was given. measures, organisations: ids of resources in the store that the reports speak of.

    absent: what of the measures is withheld for want of data. already_known: small counts that could be worked out of
    what was released before, whatever is held back now. held_back: of all counts but 0, the share which is suppressed
    for the sake of small ones and not small itself, over all practices, networks and boards. guarded: small counts of
    all these; proven: those that are shown to have three values at least by all sums at once. withdrawn: reports that
    were, and stay so.
    """

    audience: Audience
    evaluation: str
    paths: list[str]
    reports: list[ReleasedReport]
    measures: list[str]
    organisations: list[str]
    absent: list[Absence] = []
    already_known: int = 0
    held_back: float = 0.0
    guarded: int = 0
    proven: int = 0
    policy: str = ""
    withdrawn: int = 0


class _Job(NamedTuple):
    """One release: who reports about what to whom, the exact counts behind it, and what of them is not known."""

    evaluation: EvaluationManifest
    audience: Audience
    measures: tuple[EvaluatedMeasure, ...]
    reporting: tuple[Reporter, ...]
    exact: ExactCounts
    absent: Sequence[Absence]


def _told(manifest: ReportManifest) -> dict[str, object]:
    told = {
        "evaluation": manifest.evaluation,
        "audience": manifest.audience,
        "reports": len(manifest.paths),
        "held_back": manifest.held_back,
    }
    return told | ({"already_known": manifest.already_known} if manifest.already_known else {})


@step("report", _told)
def report(context: RunContext, evaluation_folder: Path, audience: Audience, folder: Path) -> ReportManifest:
    """Release an evaluation to an audience: reports in the store, and as files under `folder`/reports/`audience`.

    The same evaluation again gives the same bytes and no new version. A file there that is none of these is removed.
    A report that was withdrawn stays so, unless that was lifted.

    Raises:
        UserError: a measure, value set or mapping was changed since it was evaluated or last released, and its version
            was not; or the counts were.
        GateError: nobody is registered, the strata of a reporter do not add up, the audience has a report of the same
            period from newer data, or a practice has not agreed, where that is required.
        BusyError: others go on releasing to the audience at the same time.
        CancelledError: the work was asked to end; nothing was released.
    """
    terminology = load_terminology(context.config.overlays)
    job = _job(context.config, terminology, evaluation_folder, audience)
    _check_contents(terminology, job.evaluation)
    with context.store.read() as session:
        practices = {area.practice_id for area in job.evaluation.areas}
        check_agreed(context.config, session, practices, audience, london_day(context.clock.now()))
    given = _release(context, job)
    built, recorded, already_known = given.reports, given.kept, given.already_known
    paths = _write_files(owner_folder(folder / "reports" / audience), built)
    held = f"; {given.held_back:.1%} of counts held back beside small ones" if given.held_back else ""
    known = f"; {already_known} small counts were known from earlier reports" if already_known else ""
    withdrawn = sum(one.stays_withdrawn for one in recorded)
    stay = f"; {withdrawn} of them stay withdrawn (hi-fhir retract --lift)" if withdrawn else ""
    context.steps.finish(f"{len(paths)} reports for the {audience} audience{held}{known}{stay}")
    return ReportManifest(
        audience=audience,
        evaluation=job.evaluation.id,
        paths=paths,
        reports=[_released(one, kept.version, path) for one, kept, path in zip(built, recorded, paths, strict=True)],
        measures=[evaluated.measure.id for evaluated in job.measures],
        organisations=[organisation_id(reporter.code) for reporter in job.reporting],
        absent=list(job.absent),
        already_known=already_known,
        held_back=given.held_back,
        guarded=given.guarded,
        proven=given.proven,
        policy=given.policy,
        withdrawn=withdrawn,
    )


def _job(config: Config, terminology: Terminology, folder: Path, audience: Audience) -> _Job:
    evaluation = read_evaluation(folder)
    measures, reporting = (
        evaluated_measures(evaluation.measures, config.overlays),
        reporters(evaluation.areas, audience),
    )
    if not reporting:
        raise GateError(
            f"evaluation {evaluation.id}: nobody is registered with a practice on {evaluation.as_of}, so there is "
            "nobody to report about. hi-fhir status tells what was received. Where a source is one practice's own and "
            "its records do not say so, name it: practice, a setting of the source (its ODS code)."
        )
    # What several audiences are given of one evaluation is put together: so it is decided over the widest of them.
    decided = reporting if audience == Audience.PRACTICE else reporters(evaluation.areas, Audience.PUBLIC)
    practices = {reporter.code: reporter.practices for reporter in decided}
    groups = reporter_counts(read_counts(folder, evaluation), practices)
    absent = all_absences(evaluation, [evaluated.measure for evaluated in measures])
    pcns = {area.practice_id: area.pcn_id for area in evaluation.areas}
    exact = ExactCounts(
        groups=groups,
        run=run_counts(evaluation),
        code_lists=code_lists(measures),
        strata_lists=strata_lists(measures),
        withheld=withheld_groups(groups, withheld(absent), withheld_strata(absent), practices, pcns),
        hierarchy=Hierarchy(_nested(measures, terminology), practices, pcns),
        conditions={
            (one.measure.id, population): conditions
            for one in measures
            for population, conditions in conditions_of(one.measure).items()
        },
        contract=frozenset(one.measure.id for one in measures if one.measure.contract),
    )
    return _Job(evaluation, audience, measures, reporting, exact, absent)


def _nested(measures: Iterable[EvaluatedMeasure], terminology: Terminology) -> dict[Stratum, list[Stratum]]:
    parts = [part for evaluated in measures for one in evaluated.measure.stratifiers for part in one.parts]
    categories = terminology.ethnicity().categories
    return nested_strata(parts, {letter: category.group_2021 for letter, category in categories.items()})


def _check_contents(terminology: Terminology, evaluation: EvaluationManifest) -> None:
    """That no value set or mapping says something else under the version by which the reports would name it."""
    if changed := changed_contents(evaluation, terminology):
        raise UserError(
            f"evaluation {evaluation.id}: what it read was changed since, and its version was not: "
            f"{', '.join(changed)}. Run: hi-fhir evaluate. Whoever changed it: raise its version; an overlay has "
            "versions of its own."
        )


def read_counts(folder: Path, evaluation: EvaluationManifest) -> pa.Table:
    """The exact counts, as COUNTS.

    Raises:
        UserError: they are not those that were evaluated.
    """
    path = folder / COUNTS_FILE
    if sha256_file(path) != evaluation.tables[COUNTS_FILE]:
        raise UserError(f"evaluation {evaluation.id}: its counts were changed. Remove its folder and evaluate anew.")
    return pq.read_table(path)


class _Given(NamedTuple):
    """What was decided, built and kept. The others: as of ReleasedCounts."""

    reports: list[ReadyReport]
    kept: list[ledger.KeptVersion]
    already_known: int
    held_back: float
    guarded: int
    proven: int
    policy: str


def _release(context: RunContext, job: _Job) -> _Given:
    """Decide, build and keep everything that the audience gets.

    Nothing is built while the store is held for writing. What was decided is kept only where nobody was given anything
    since, which the decision would have had to see; else it is decided and built anew.

    Raises:
        BusyError: others go on releasing at the same time.
    """
    store, policy = context.store, policies(context.config.disclosure_policy)[job.audience]
    for _ in range(_TRIES):
        context.steps.start("report", len(job.measures) * len(job.reporting), "reports")
        with store.read() as session:
            newest = ledger.newest_version(session, reckoned_with(job.audience))
            seen = ledger.released_versions(session, reckoned_with(job.audience))
            check_definitions(session, job.evaluation, _urls(context.config, job))
            released = release(job.exact, policy, _published(context.config, session, job, seen))
        ready = _build(context, job, released)
        written = _keep(context, job, released, ready, newest)
        if written is not None:
            return _Given(
                _as_kept(store, ready.reports, written),
                written.kept,
                released.already_known,
                round(released.held_back, 4),
                released.guarded,
                released.proven,
                f"{policy.id} {policy.version}",
            )
    raise BusyError("others go on releasing reports at the same time. Give the command again once they are done.")


class _Ready(NamedTuple):
    """What is to be kept, built and checked."""

    reports: list[ReadyReport]
    measures: list[ledger.NewMeasure]
    organisations: list[ledger.NewOrganisation]


def _build(context: RunContext, job: _Job, released: ReleasedCounts) -> _Ready:
    config = context.config
    settings = ReportSettings(config.identifier_system, config.canonical_base.rstrip("/"))
    records = Records(job.evaluation, settings.base)
    reports = MeasureReports(settings, job.evaluation, released.policy)
    return _Ready(
        records.reports(ReleaseCells(released), reports, job.measures, job.reporting, context.steps.advance),
        [records.measure(evaluated) for evaluated in job.measures],
        [records.organisation(reporter) for reporter in job.reporting],
    )


class _Written(NamedTuple):
    """What was kept, and of what: reports that correct others say so."""

    records: list[ledger.NewReport]
    kept: list[ledger.KeptVersion]


def _keep(context: RunContext, job: _Job, released: ReleasedCounts, ready: _Ready, newest: int) -> _Written | None:
    """Write a release in batches, so that other writers wait for a fraction of a second each time.

    A report is there whole or not at all. Who ends in between has released some, and the same command the others: it
    decides as before, since what was released of the same evaluation is its own.
    newest: the last version that was decided with. None: others released before all was written.
    """
    policy, audiences, store = released.policy, reckoned_with(job.audience), context.store
    at, base = context.clock.now(), context.config.canonical_base.rstrip("/")
    dates = {one.source_id: one.data_date.isoformat() for one in job.evaluation.snapshots}
    new = ledger.NewRelease(job.evaluation.id, job.audience, policy.id, policy.version, released.published, dates)
    records = [one.record for one in ready.reports]
    with store.read() as session:
        _check_days(job, ledger.overtaken(session, new, records))
    written = _Written([], [])
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
        written.kept.extend(recorded)
        written.records.extend(batch)
    return written


def _as_kept(store: Store, built: Sequence[ReadyReport], written: _Written) -> list[ReadyReport]:
    with store.read() as session:
        records = as_kept(session, written.records, written.kept)
    return [replace(one, record=record) for one, record in zip(built, records, strict=True)]


def _keep_definitions(session: Session, job: _Job, ready: _Ready, at: datetime) -> None:
    """What reports are read by: who belonged where, and what they speak of. It comes with the first of them."""
    belonged = (DayMembership(area.practice_id, area.pcn_id, area.icb_id) for area in job.evaluation.areas)
    record_memberships(session, job.evaluation.as_of, belonged, at)
    for measure in ready.measures:
        ledger.record_measure(session, measure, at)
    for organisation in ready.organisations:
        ledger.record_organisation(session, organisation, at)


def _check_days(job: _Job, overtaken: Sequence[ledger.LaterDay]) -> None:
    """That no report of older data comes after one of newer: the last version is what a period is known by."""
    if overtaken:
        source, last, next_ = overtaken[0]
        what = f"the extract date of {source}" if source else "the reference date"
        raise GateError(
            f"evaluation {job.evaluation.id}: {len(overtaken)} reports were released to the {job.audience} audience "
            f"from newer data already ({what} {last}, here {next_}), and older data does not come after it. Evaluate "
            "the newest snapshots; to report by an earlier reference date, give a period that ends on it."
        )


def _urls(config: Config, job: _Job) -> list[tuple[str, str]]:
    base = config.canonical_base.rstrip("/")
    return [(evaluated.measure.id, measure_url(base, evaluated.measure.id)) for evaluated in job.measures]


def _published(config: Config, session: Session, job: _Job, seen: Iterable[ledger.ReleasedVersion]) -> Published:
    measures = [evaluated.measure for evaluated in job.measures]
    return published(session, job.audience, seen, job.evaluation, measures, config)


def _write_files(folder: Path, built: Sequence[ReadyReport]) -> list[str]:
    """A folder a reporter, since each practice is given its own alone. What else is in `folder` goes."""
    folders = {one: owner_folder(folder / one) for one in dict.fromkeys(one.record.reporter_id for one in built)}
    contents = {
        folders[one.record.reporter_id] / f"{one.evaluated.measure.id}.json": one.record.content for one in built
    }
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in contents]:
        path.unlink()
    commit_files({path: content for path, content in contents.items() if not _is_there(path, content)})
    for left in [path for path in folder.iterdir() if not any(path.iterdir())]:
        left.rmdir()
    return [str(path) for path in contents]


def _is_there(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


def _released(built: ReadyReport, version: ledger.ReleasedVersion, path: str) -> ReleasedReport:
    return ReleasedReport(
        identifier=version.identifier,
        id=built.record.id,
        version=version.version,
        sha256=version.sha256,
        measure_id=built.evaluated.measure.id,
        is_demonstration=built.evaluated.reference.is_demonstration,
        reporter=built.reporter.code,
        reporter_name=built.reporter.name,
        organisation_id=built.record.reporter_id,
        path=path,
    )
