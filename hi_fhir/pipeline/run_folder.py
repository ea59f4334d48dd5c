"""The folder of a run: opened by what it is asked, found again while unfinished, closed by its manifest."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hi_fhir.cohorts.inputs import People
from hi_fhir.core.errors import BusyError, GateError, UserError
from hi_fhir.core.files import commit_json, content_name, owner_folder
from hi_fhir.core.locks import held
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.pipeline import history
from hi_fhir.pipeline.publish import PublishManifest
from hi_fhir.pipeline.report import ReportManifest

_MANIFEST = "run.json"


class RunManifest(msgspec.Struct, frozen=True):
    """What a run did; written last, as run.json. notes: what a reader of its counts should know of the sources.

    people, dated_by and dropped_readings: as the evaluation has them, exact, for whoever runs hi_fhir.
    """

    run: str
    snapshots: dict[str, str]
    evaluation: str
    audience: str
    reconciliation: dict[str, dict[str, dict[str, int]]]
    people: People
    dated_by: dict[str, dict[str, dict[str, int]]]
    dropped_readings: dict[str, dict[str, int]]
    notes: list[str]
    reports: list[str]
    published: dict[str, Any] | None
    state: str = history.DONE


class StoppedRun(msgspec.Struct, frozen=True):
    """A run that was stopped for good; its run.json. kind: the class of the error that says why."""

    run: str
    kind: str
    state: str = history.STOPPED


def open_run(data_dir: Path, arguments: Mapping[str, Any], sources: Iterable[str] = ()) -> Path:
    """The folder of the unfinished run with these arguments, or of a new one. sources: those that it will pull."""
    root = owner_folder(data_dir / "runs")
    for past in reversed(history.runs(data_dir)):
        if past["result"] is None and past["plan"]["arguments"] == arguments:
            return root / str(past["run"])
    numbers = (int(plan.parent.name.partition("-")[0]) for plan in root.glob("*/plan.json"))
    number = 1 + max(numbers, default=0)
    folder = owner_folder(root / f"{number:04d}-{content_name(arguments, 8)}")
    sequences = {source: history.next_sequence(data_dir, source) for source in sources}
    commit_json(folder / "plan.json", {"arguments": arguments, "sequences": sequences})
    return folder


def manifest_of(
    folder: Path, evaluation: EvaluationManifest, reports: ReportManifest, sent: PublishManifest | None
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
        notes=[str(note) for note in evaluation.notes],
        reports=reports.paths,
        published=msgspec.to_builtins(sent),
    )


def close_run(folder: Path, manifest: RunManifest) -> None:
    commit_json(folder / _MANIFEST, msgspec.to_builtins(manifest))


@contextmanager
def ended_by_a_stop(folder: Path) -> Iterator[None]:
    """Work on what a run has pulled: what stops it on purpose ends the run, and the same arguments start a new one.

    Continued, it would go on with the same lines, and stop there again even where the source was mended. A server's
    failure, a crash, an interruption, and another process in the way leave it as it is, to be continued.
    """
    try:
        yield
    except BusyError:
        raise
    except (GateError, UserError) as error:
        commit_json(folder / _MANIFEST, msgspec.to_builtins(StoppedRun(folder.name, type(error).__name__)))
        raise


def at_work(folder: Path) -> AbstractContextManager[None]:
    """Work in a run's folder that no other process may do at the same time.

    Raises:
        BusyError: one does.
    """
    return held(folder / "lock", "the same run is being done")
