"""Report and publish alone: another audience, or another server, for an evaluation that is there."""

from pathlib import Path
from typing import Any, NamedTuple

from hi_fhir.core.audiences import Audience
from hi_fhir.core.files import content_name
from hi_fhir.core.room import needs_room
from hi_fhir.measures.evaluation import EvaluationManifest, read_evaluation
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.publish import PublishManifest, check_target, publish
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.pipeline.run_folder import close_run, manifest_of, open_run, run_lock


class Released(NamedTuple):
    """folder: of the run under which the reports lie. sent: None where there was no server to publish to."""

    folder: Path
    reports: ReportManifest
    sent: PublishManifest | None


@needs_room
def release_evaluation(
    context: RunContext, folder: Path, audience: Audience, publish_url: str | None, *, again: bool = False
) -> Released:
    """Report the evaluation in `folder` to an audience and publish that, under the newest run that made it.

    Where it was made step by step there is none, and one is opened for it. The evaluation's own folder stays as it is.
    again: publish all reports, whatever the server has.

    Raises:
        BusyError: the same run is being done by another process; and as `report` and `publish`.
    """
    config = context.config
    if publish_url:
        check_target(config, publish_url)
    evaluation = read_evaluation(folder)
    made_by = history.run_of(config.data_dir, evaluation.id)
    run = made_by or open_run(config.data_dir, _arguments(evaluation, audience, publish_url))
    with run_lock(run):
        reports = report(context, folder, audience, run)
        sent = None
        if publish_url:
            sent = publish(context, reports, publish_url, again=again)
        if made_by is None:
            close_run(run, manifest_of(run, evaluation, reports, sent))
    return Released(run, reports, sent)


def _arguments(evaluation: EvaluationManifest, audience: Audience, publish_url: str | None) -> dict[str, Any]:
    return {
        "evaluation": evaluation.id,
        "period": [evaluation.period.start.isoformat(), evaluation.period.end.isoformat()],
        "audience": audience,
        "publish": content_name(publish_url) if publish_url else None,
    }
