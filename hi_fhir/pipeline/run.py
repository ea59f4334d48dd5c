"""The main job as one call: pull, flatten, evaluate, report, publish, continued where an earlier try stopped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from hi_fhir import __version__
from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import UserError
from hi_fhir.core.events import about
from hi_fhir.core.files import content_name
from hi_fhir.core.room import needs_room
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.measures import registry
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluate import evaluate
from hi_fhir.pipeline.evaluation_job import check_as_of, check_period, scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.run_folder import (
    RunManifest,
    close_run,
    manifest_of,
    mark_run_stopped,
    marked_if_interrupted,
    open_run,
    read_plan,
    run_lock,
)
from hi_fhir.sources.chunks import delete_lines
from hi_fhir.tables.dates import london_day
from hi_fhir.terminology.catalogue import load as load_terminology


@dataclass(frozen=True)
class RunRequest:
    """What one run is asked to do. The same request continues an unfinished run, else it starts a new one."""

    sources: tuple[SourceSettings, ...]
    period: Period
    as_of: date | None = None
    data_date: date | None = None
    measures: tuple[str, ...] | None = None
    audience: Audience | None = None
    publish_url: str | None = None
    keep_raw: bool = False


@needs_room
def run(context: RunContext, request: RunRequest) -> RunManifest:
    """Do the whole job and return its manifest.

    Raises:
        UserError: the request cannot be met as it stands, or the same run is going on in another process.
        SourceError: a server failed for longer than it is tried.
        GateError: counts do not reconcile, or strata do not add up.
        CancelledError: the work was asked to end.
    """
    config = context.config
    if request.publish_url and not request.audience:
        raise UserError("publishing needs to know who it is for. Add --audience practice, pcn, icb or public.")
    check_period(request.period, london_day(context.clock.now()))
    check_as_of(request.period, request.as_of)
    if request.publish_url:
        from hi_fhir.pipeline.publish import check_target

        check_target(config, request.publish_url)
    sources = [source.name for source in request.sources]
    folder = open_run(config.data_dir, _arguments(config, request), sources)
    with about(run=folder.name), run_lock(folder), marked_if_interrupted(folder, context.clock):
        return _work(context, request, folder)


def _work(context: RunContext, request: RunRequest, folder: Path) -> RunManifest:
    config = context.config
    terminology = load_terminology(config.overlays)
    measures = registry.load(request.measures, config.overlays)
    scope = scope_of(config, measures, terminology)
    sequences = read_plan(folder).sequences
    pulls: list[Path] = []
    snapshots: list[Path] = []
    told: list[str] = []
    for source in request.sources:
        pulled = pull(context, source, scope, request.data_date, sequences[source.name])
        home = config.data_dir / "sources" / source.name
        told += (f"{source.name}: {note}" for note in pulled.notes)
        pulls.append(home / "raw" / pulled.id)
        if not request.keep_raw:
            _delete(history.pulls_of_stopped_runs(config.data_dir, source.name))
        with mark_run_stopped(folder):
            snapshots.append(home / "snapshots" / flatten(context, source, pulled.id).id)
    with mark_run_stopped(folder):
        evaluation = evaluate(context, tuple(snapshots), measures, request.period, request.as_of, terminology)
        manifest = _release(context, request, folder, evaluation)
        manifest = msgspec.structs.replace(manifest, notes=[*manifest.notes, *told])
    if not request.keep_raw:
        _delete(pulls)
    close_run(folder, manifest)
    return manifest


def _delete(pulls: Iterable[Path]) -> None:
    for landed in pulls:
        delete_lines(landed)


def _release(context: RunContext, request: RunRequest, folder: Path, evaluation: EvaluationManifest) -> RunManifest:
    evaluated = context.config.data_dir / "evaluations" / evaluation.id
    released = report(context, evaluated, request.audience or Audience.PRACTICE, folder)
    sent = None
    if request.publish_url:
        from hi_fhir.pipeline.publish import publish  # a client, the attack's solver: nothing else of a run needs them

        sent = publish(context, released, request.publish_url)
    return manifest_of(folder, evaluation, released, sent)


def _arguments(config: Config, request: RunRequest) -> dict[str, Any]:
    """What makes two requests the same. Addresses count by their hash: a URL may tell more than it should."""
    return {
        "sources": {
            source.name: content_name([source.address, source.practice, source.bases]) for source in request.sources
        },
        "period": [request.period.start.isoformat(), request.period.end.isoformat()],
        "as_of": request.as_of.isoformat() if request.as_of else None,
        "data_date": request.data_date.isoformat() if request.data_date else None,
        "measures": list(request.measures) if request.measures else None,
        "audience": request.audience,
        "publish": content_name(request.publish_url) if request.publish_url else None,
        "overlays": content_name([str(path) for path in config.overlays]),
        "software": __version__,
    }
