"""The fourth step: counts are released to one audience and become MeasureReports, in the store and as files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from hi_fhir.core.clock import Clock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import UserError
from hi_fhir.core.files import canonical_json, commit_bytes, owner_folder, sha256_file
from hi_fhir.core.progress import Progress
from hi_fhir.disclosure.counts import ExactCounts, Published
from hi_fhir.disclosure.exact import reporter_counts
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.fhir.resources import ShapeChecker
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import COUNTS_FILE, EvaluationManifest, MeasureReference, read_evaluation
from hi_fhir.measures.model import POPULATIONS, ProportionMeasure
from hi_fhir.measures.render.requirements import needs
from hi_fhir.reports.basis import run_counts
from hi_fhir.reports.invariants import check_resource
from hi_fhir.reports.measure import measure_resource
from hi_fhir.reports.measure_report import MeasureReports, ReportSettings, measure_url
from hi_fhir.reports.organization import organisation_id, organisation_resource
from hi_fhir.reports.reporters import Reporter, reporters
from hi_fhir.store import ledger
from hi_fhir.store.session import Store
from hi_fhir.tables.views.elements import ODS_SYSTEM
from hi_fhir.terminology.data_files import STATES


class ReleasedReport(msgspec.Struct, frozen=True):
    """One report as it was released. identifier: its value in the deployment's system. state: of its code lists."""

    identifier: str
    id: str
    version: int
    sha256: str
    measure_id: str
    state: str
    reporter: str
    reporter_name: str | None
    organisation_id: str
    path: str


class ReportManifest(msgspec.Struct, frozen=True):
    """What an audience was given. measures, organisations: ids of resources in the store that the reports speak of."""

    audience: str
    evaluation: str
    paths: list[str]
    reports: list[ReleasedReport]
    measures: list[str]
    organisations: list[str]


class _Subject(NamedTuple):
    """A measure as it is defined and as it was evaluated."""

    measure: ProportionMeasure
    reference: MeasureReference


class _Built(NamedTuple):
    subject: _Subject
    reporter: Reporter
    report: dict[str, Any]
    content: bytes


def report(
    config: Config,
    clock: Clock,
    store: Store,
    evaluation_folder: Path,
    audience: str,
    folder: Path,
    progress: Progress,
) -> ReportManifest:
    """Release an evaluation to an audience: reports in the store, and as files under `folder`/reports/`audience`.

    The same evaluation again gives the same bytes and no new version. A file there that is none of these is removed.

    Raises:
        UserError: the evaluation is not of the measures as they are defined now, or its counts were changed.
        GateError: the strata of a reporter do not add up.
    """
    evaluation = read_evaluation(evaluation_folder)
    counts = _read_counts(evaluation_folder, evaluation)
    subjects = [_subject(reference) for reference in evaluation.measures]
    reporting = reporters(evaluation.areas, audience)
    progress.start("report", len(subjects) * len(reporting), "reports")
    exact = ExactCounts(
        groups=reporter_counts(counts, {reporter.code: reporter.practices for reporter in reporting}),
        run=run_counts(evaluation),
        code_lists={key: state for subject in subjects for key, state in _code_lists(subject).items()},
    )
    settings = ReportSettings(config.identifier_system, config.canonical_base)
    with store.write() as session:
        published = [Published(*version) for version in ledger.released_versions(session, audience)]
        released = release(exact, POLICIES[audience], published)
        built = _build(settings, evaluation, released, subjects, reporting, progress)
        versions = _record(session, clock, evaluation, released, built)
        _record_subjects(session, clock, settings, subjects, reporting)
    paths = _write_files(owner_folder(folder / "reports" / audience), built)
    progress.finish(f"{len(paths)} reports for the {audience} audience")
    return ReportManifest(
        audience=audience,
        evaluation=evaluation.id,
        paths=paths,
        reports=[_released(*one) for one in zip(built, versions, paths, strict=True)],
        measures=[subject.measure.id for subject in subjects],
        organisations=[organisation_id(reporter.code) for reporter in reporting],
    )


def _read_counts(folder: Path, evaluation: EvaluationManifest) -> pa.Table:
    path = folder / COUNTS_FILE
    if sha256_file(path) != evaluation.tables[COUNTS_FILE]:
        raise UserError(
            f"evaluation {evaluation.id}: {COUNTS_FILE} is not as it was written. Remove it and evaluate anew."
        )
    return pq.read_table(path)


def _subject(reference: MeasureReference) -> _Subject:
    (measure,) = registry.load([reference.id])
    if measure.version != reference.version:
        raise UserError(
            f"the evaluation is of {reference.id} version {reference.version}, which is now {measure.version}. "
            "Run: hi-fhir evaluate"
        )
    return _Subject(measure, reference)


def _code_lists(subject: _Subject) -> dict[tuple[str, str], str]:
    """The state of the code lists that decide each population.

    The initial population and denominator rest on their own lists; all else on every list of the measure.
    """
    first = subject.measure.initial_population
    own = {value_set for _, value_set in needs(first)}
    states = [one.state for one in subject.reference.value_sets if one.id in own]
    begun = max(states, key=STATES.index, default=STATES[0])
    at_first = ("initial_population", "denominator", "undetermined")
    return {(subject.measure.id, name): begun if name in at_first else subject.reference.state for name in POPULATIONS}


def _build(
    settings: ReportSettings,
    evaluation: EvaluationManifest,
    released: ReleasedCounts,
    subjects: Sequence[_Subject],
    reporting: Iterable[Reporter],
    progress: Progress,
) -> list[_Built]:
    """Every report, checked; reporter by reporter."""
    reports, shapes = MeasureReports(settings, evaluation, released), ShapeChecker()
    built = []
    for reporter in reporting:
        for subject in subjects:
            resource = reports.build(subject.measure, subject.reference, reporter)
            check_resource(resource)
            shapes.check(resource)
            built.append(_Built(subject, reporter, resource, canonical_json(resource)))
            progress.advance()
    return built


def _record(
    session: Session, clock: Clock, evaluation: EvaluationManifest, released: ReleasedCounts, built: Iterable[_Built]
) -> list[ledger.ReleasedVersion]:
    policy = released.policy
    new = ledger.NewRelease(evaluation.id, policy.audience, policy.id, policy.version, released.published)
    return ledger.record_reports(session, new, (_new_report(evaluation, one) for one in built), clock.now())


def _new_report(evaluation: EvaluationManifest, built: _Built) -> ledger.NewReport:
    identifier = built.report["identifier"][0]
    url, _, version = built.report["measure"].partition("|")
    return ledger.NewReport(
        id=built.report["id"],
        identifier_system=identifier["system"],
        identifier=identifier["value"],
        measure_url=url,
        measure_version=version,
        reporter_id=organisation_id(built.reporter.code),
        reporter_system=ODS_SYSTEM,
        reporter=built.reporter.code,
        status=built.report["status"],
        period_start=evaluation.period.start,
        period_end=evaluation.period.end,
        as_of=evaluation.as_of,
        data_date=evaluation.data_date,
        content=built.content,
    )


def _record_subjects(
    session: Session,
    clock: Clock,
    settings: ReportSettings,
    subjects: Iterable[_Subject],
    reporting: Iterable[Reporter],
) -> None:
    """The Measures and Organizations that the reports speak of."""
    at, shapes = clock.now(), ShapeChecker()
    for measure, _ in subjects:
        resource = measure_resource(settings.base, measure)
        content = _checked(resource, shapes)
        url = measure_url(settings.base, measure.id)
        new = ledger.NewMeasure(measure.id, url, measure.version, resource["status"], content)
        ledger.record_measure(session, new, at)
    for reporter in reporting:
        resource = organisation_resource(reporter)
        content = _checked(resource, shapes)
        ledger.record_organisation(
            session, ledger.NewOrganisation(resource["id"], ODS_SYSTEM, reporter.code, content), at
        )


def _checked(resource: dict[str, Any], shapes: ShapeChecker) -> bytes:
    check_resource(resource)
    shapes.check(resource)
    return canonical_json(resource)


def _write_files(folder: Path, built: Sequence[_Built]) -> list[str]:
    """A folder a reporter, since each practice is given its own alone."""
    contents: Mapping[Path, bytes] = {
        folder / organisation_id(one.reporter.code) / f"{one.subject.measure.id}.json": one.content for one in built
    }
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in contents]:
        path.unlink()
    for path, content in contents.items():
        if not (path.exists() and path.read_bytes() == content):
            commit_bytes(owner_folder(path.parent) / path.name, content)
    for left in [path for path in folder.iterdir() if not any(path.iterdir())]:
        left.rmdir()
    return [str(path) for path in contents]


def _released(built: _Built, version: ledger.ReleasedVersion, path: str) -> ReleasedReport:
    return ReleasedReport(
        identifier=version.identifier,
        id=built.report["id"],
        version=version.version,
        sha256=version.sha256,
        measure_id=built.subject.measure.id,
        state=built.subject.reference.state,
        reporter=built.reporter.code,
        reporter_name=built.reporter.name,
        organisation_id=organisation_id(built.reporter.code),
        path=path,
    )
