"""The folder of a run: opened by what it is asked, found again while unfinished, closed by its manifest."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hi_fhir.cohorts.inputs import People
from hi_fhir.core.audiences import Audience
from hi_fhir.core.clock import Clock
from hi_fhir.core.errors import BusyError, GateError, NoRoomError, UserError
from hi_fhir.core.files import commit_json, content_name, owner_folder
from hi_fhir.core.locks import lock_or_fail, wait_for_lock
from hi_fhir.core.manifests import Format
from hi_fhir.core.stopping import stopped_by
from hi_fhir.pipeline import history
from hi_fhir.pipeline.history import RunState
from hi_fhir.tables.reconcile import with_current_terms
from hi_fhir.tables.standing import Absence, TypeState

if TYPE_CHECKING:  # with them come all that a step needs
    from hi_fhir.measures.evaluation import EvaluationManifest
    from hi_fhir.pipeline.publish import PublishManifest
    from hi_fhir.pipeline.report_manifest import ReportManifest

_PLAN, _MANIFEST = "plan.json", "run.json"


class RunManifest(msgspec.Struct, frozen=True):
    """What a run did; written last, as run.json. notes: what a reader of its counts should know of the sources.

    people and the counts of records (dated_by, dropped_readings, other_servers, foreign_codes, negated, misdated,
    classes): as the evaluation has them, exact, for whoever runs hi_fhir. absent: what is withheld for want of data.
    """

    run: str
    snapshots: dict[str, str]
    evaluation: str
    audience: Audience
    reconciliation: dict[str, dict[str, dict[str, int]]]
    people: People
    dated_by: dict[str, dict[str, dict[str, int]]]
    dropped_readings: dict[str, dict[str, int]]
    notes: list[str]
    reports: list[str]
    published: dict[str, Any] | None
    absent: list[Absence] = []
    state: RunState = RunState.DONE
    other_servers: dict[str, dict[str, dict[str, int]]] = {}
    foreign_codes: dict[str, dict[str, dict[str, int]]] = {}
    negated: dict[str, dict[str, dict[str, int]]] = {}
    misdated: dict[str, dict[str, int]] = {}
    classes: dict[str, dict[str, int]] = {}


class StoppedRun(msgspec.Struct, frozen=True):
    """A run that was stopped for good; its run.json. kind: the class of the error that says why."""

    run: str
    kind: str
    state: RunState = RunState.STOPPED


class RunPlan(msgspec.Struct, frozen=True):
    """What a run was asked for; its plan.json. sequences: source to the number of the pull that it is to make."""

    arguments: dict[str, Any]
    sequences: dict[str, int]


_AGAIN = "Start the run anew: remove its folder, and give its command again."
_PLAN_FORMAT = Format("plan of a run", RunPlan, 1, _AGAIN)
_RUN_FORMAT = Format("run", RunManifest, 4, _AGAIN, {3: with_current_terms})
_STOPPED_FORMAT = Format("stopped run", StoppedRun, 2, _AGAIN)


def read_plan(folder: Path) -> RunPlan:
    """What the run in `folder` was asked for."""
    return _PLAN_FORMAT.read(folder / _PLAN)


def read_run(folder: Path) -> RunManifest:
    """What a run that is done did.

    Raises:
        ManifestError: another version of hi_fhir wrote it, and this one cannot read it.
    """
    return _RUN_FORMAT.read(folder / _MANIFEST)


def open_run(data_dir: Path, arguments: Mapping[str, Any], sources: Iterable[str] = ()) -> Path:
    """The folder of the unfinished run with these arguments, or of a new one. sources: those that it will pull."""
    root = owner_folder(data_dir / "runs")
    with wait_for_lock(data_dir / "runs.lock"):  # else two that begin at once would have one number, and one pull
        for past in reversed(history.runs(data_dir)):
            if past["result"] is None and past["plan"]["arguments"] == arguments:
                return root / str(past["run"])
        number = 1 + max(map(history.run_number, root.glob("*/plan.json")), default=0)
        folder = owner_folder(root / f"{number:04d}-{content_name(arguments, 8)}")
        sequences = {source: history.next_sequence(data_dir, source) for source in sources}
        _PLAN_FORMAT.commit(folder / _PLAN, RunPlan(dict(arguments), sequences))
    return folder


def manifest_of(
    folder: Path, evaluation: "EvaluationManifest", reports: "ReportManifest", sent: "PublishManifest | None"
) -> RunManifest:
    return RunManifest(
        run=folder.name,
        snapshots={one.source_id: one.id for one in evaluation.snapshots},
        evaluation=evaluation.id,
        audience=reports.audience,
        reconciliation=msgspec.to_builtins(evaluation.reconciliation),
        people=evaluation.people,
        dated_by=evaluation.dated_by,
        dropped_readings=evaluation.dropped_readings,
        notes=[
            *map(str, evaluation.notes),
            *(str(one) for one in evaluation.standings if one.standing != TypeState.UNDERSTOOD),
        ],
        reports=reports.paths,
        published=msgspec.to_builtins(sent),
        other_servers=evaluation.other_servers,
        foreign_codes=evaluation.foreign_codes,
        absent=reports.absent,
        negated=evaluation.negated,
        misdated=evaluation.misdated,
        classes=evaluation.classes,
    )


def close_run(folder: Path, manifest: RunManifest) -> None:
    _RUN_FORMAT.commit(folder / _MANIFEST, manifest)


@contextmanager
def mark_run_stopped(folder: Path) -> Iterator[None]:
    """Work on what a run has pulled: what stops it on purpose ends the run, and the same arguments start a new one.

    Continued, it would go on with the same lines, and stop there again even where the source was mended. A server's
    failure, a full disk, a crash, an interruption, and another process in the way leave it as it is, to be continued.
    """
    try:
        yield
    except (BusyError, NoRoomError):
        raise
    except (GateError, UserError) as error:
        _STOPPED_FORMAT.commit(folder / _MANIFEST, StoppedRun(folder.name, type(error).__name__))
        raise


@contextmanager
def marked_if_interrupted(folder: Path, clock: Clock) -> Iterator[None]:
    """Work in a run's folder that leaves a mark there when a signal ends it; the next try takes the mark away."""
    mark = folder / history.INTERRUPTION
    mark.unlink(missing_ok=True)
    try:
        yield
    except BaseException as error:
        if number := stopped_by(error):
            commit_json(mark, {"signal": number.name, "at": clock.now().isoformat()})
        raise


def run_lock(folder: Path) -> AbstractContextManager[None]:
    """Work in a run's folder that no other process may do at the same time.

    Raises:
        BusyError: one does.
    """
    return lock_or_fail(folder / "lock", "the same run is being done")
