"""The fourth step: counts are released to one audience and become MeasureReports, in the store and as files."""

from collections.abc import Iterable
from pathlib import Path

from hi_fhir.core.audiences import Audience
from hi_fhir.core.events import step
from hi_fhir.core.files import owner_folder
from hi_fhir.pipeline.agreed import check_agreed
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.giving import give
from hi_fhir.pipeline.release_job import check_contents, release_job
from hi_fhir.pipeline.report_files import write_files
from hi_fhir.pipeline.report_manifest import ReleaseAttack, ReleasedReport, ReportManifest
from hi_fhir.reports.records import ReadyReport
from hi_fhir.reports.reporters import organisation_id
from hi_fhir.store import ledger
from hi_fhir.store.attacks import attack_standing
from hi_fhir.terminology.catalogue import load as load_terminology


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
            period from newer data, a practice has not agreed, where that is required, or a small count can be worked
            out with what was released before; nothing is kept.
        BusyError: others go on releasing to the audience at the same time.
        CancelledError: the work was asked to end; nothing was released.
    """
    terminology = load_terminology(context.config.overlays)
    job = release_job(context.config, terminology, evaluation_folder, audience)
    check_contents(terminology, job.evaluation)
    practices = {area.practice_id for area in job.evaluation.areas}
    check_agreed(context, lambda _session: practices, audience)
    given = give(context, job)
    built, recorded, already_known = given.reports, given.kept, given.already_known
    paths = write_files(owner_folder(folder / "reports" / audience), built)
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
        attack=_attack(context, recorded) if audience != Audience.PRACTICE else None,
    )


def _attack(context: RunContext, recorded: Iterable[ledger.KeptVersion]) -> ReleaseAttack | None:
    """What the store says, so that the same release again says the same."""
    versions = {one.version.identifier: one.version.version for one in recorded}
    with context.store.read() as session:
        standing = attack_standing(session, versions)
    return ReleaseAttack(*standing.last) if standing.last and standing.is_whole else None


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
