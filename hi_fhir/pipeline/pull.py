"""The first step: what a source has for the measures is landed as it came, whichever way it comes."""

from datetime import date
from pathlib import Path

import msgspec

from hi_fhir.core.errors import GateError
from hi_fhir.core.events import step
from hi_fhir.core.files import content_name
from hi_fhir.core.locks import lock_or_fail
from hi_fhir.core.room import needs_room
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.sources import folder
from hi_fhir.sources.chunks import remove_pull, remove_work
from hi_fhir.sources.pulls import FORMAT, Pull, PullManifest
from hi_fhir.tables.scope import Scope

_MANIFEST = "pull.json"


def _told(manifest: PullManifest) -> dict[str, object]:
    return {"pull": manifest.id, "received": {type_: one.received for type_, one in manifest.counts.items()}}


@step("pull", _told)
@needs_room
def pull(
    context: RunContext, source: SourceSettings, scope: Scope, data_date: date | None, sequence: int
) -> PullManifest:
    """Land this pull, continue an unfinished one, or return a finished one as it is.

    data_date: the day a folder's data was taken; a server says for itself. An unfinished pull of the source that is not
    this one is removed, since nobody would come back for its lines.

    Raises:
        BusyError: another process pulls or flattens the source.
        UserError: its folder is not there.
        SourceError: the server failed for longer than it is tried, or what it sent cannot be trusted.
        GateError: what arrived is not what the server said there is.
        CancelledError: the work was asked to end.
    """
    home = context.config.data_dir / "sources" / source.name
    with lock_or_fail(home / "lock", f"source {source.name} is being worked on"):
        return _pull(_begin(context, source, scope, data_date, sequence))


def _begin(context: RunContext, source: SourceSettings, scope: Scope, data_date: date | None, sequence: int) -> Pull:
    config = context.config
    method = config.pull_method if source.is_server else folder.METHOD
    name = content_name(
        {
            "source": [source.name, method, content_name(source.address)],
            "scope": msgspec.to_builtins(scope.types),
            "since": scope.since,
            "sequence": sequence,
        }
    )
    place = config.data_dir / "sources" / source.name / "raw" / name
    return Pull(
        id=name,
        folder=place,
        method=method,
        sequence=sequence,
        config=config,
        source=source,
        scope=scope,
        data_date=data_date,
        clock=context.clock,
        progress=context.steps,
        stop=context.cancel.part(),
    )


def _pull(job: Pull) -> PullManifest:
    path = job.folder / _MANIFEST
    if not path.exists():
        _remove_abandoned(job.folder)
        try:
            manifest = _land(job)
        except GateError:  # to go on with the same lines would only stop here again
            remove_pull(job.folder)
            raise
        FORMAT.commit(path, manifest)
    remove_work(job.folder)
    return FORMAT.read(path)


def _land(job: Pull) -> PullManifest:
    if job.method == folder.METHOD:
        return folder.land(job)
    from hi_fhir.sources import bulk_export, search  # clients of servers, for which a folder has no use

    return search.land(job) if job.method == search.METHOD else bulk_export.land(job)


def _remove_abandoned(begun: Path) -> None:
    for other in begun.parent.glob("*"):
        if other != begun and not (other / _MANIFEST).exists():
            remove_pull(other)
