"""What the data folder holds already: the newest pull, snapshot, evaluation and run, and the next number of a pull.

The newest goes by numbers that stand in the folder, never by the times of files, which a copy or a restore changes.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.files import commit_json, read_json
from hi_fhir.core.locks import wait_for_lock
from hi_fhir.tables.reconcile import with_current_terms


class RunState(StrEnum):
    """A stopped run has ended; one that is unfinished, or that a signal interrupted, is continued by the same
    arguments."""

    DONE = "done"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"
    INTERRUPTED = "interrupted"


INTERRUPTION = "interrupted.json"
"""The mark in a run's folder that a signal ended its last try: `signal` by name, and `at`, when that was."""

_SEQUENCE = "sequence.json"


def next_sequence(data_dir: Path, source: str) -> int:
    """A number that no pull of this source has yet, and no run means to give one."""
    plans = (data_dir / "sources" / source / "raw").glob("*/plan.json")
    planned = (int(run["plan"]["sequences"].get(source, 0)) for run in runs(data_dir))
    return 1 + max([*map(_sequence, plans), *planned], default=0)


def unfinished_sequence(data_dir: Path, source: str) -> int | None:
    """The number of the newest pull of this source if it was not finished."""
    newest = max((data_dir / "sources" / source / "raw").glob("*/plan.json"), key=_sequence, default=None)
    if newest is None or (newest.parent / "pull.json").exists():
        return None
    return int(read_json(newest)["sequence"])


def latest_pull(data_dir: Path, source: str) -> str:
    """The id of the newest finished pull of a source.

    Raises:
        NotFoundError: the source has none.
    """
    root = data_dir / "sources" / source / "raw"
    plans = [plan for plan in root.glob("*/plan.json") if (plan.parent / "pull.json").exists()]
    if not plans:
        raise NotFoundError(
            f"source {source!r} has no finished pull in the data folder. Run: hi-fhir pull --source ..."
        )
    return max(plans, key=_sequence).parent.name


def latest_snapshot(data_dir: Path, source: str) -> Path:
    """The folder of the snapshot made from the newest finished pull that was flattened, by the newest kernel.

    Raises:
        NotFoundError: the source has none.
    """
    root = data_dir / "sources" / source
    ages = {plan.parent.name: _sequence(plan) for plan in (root / "raw").glob("*/plan.json")}
    snapshots = list((root / "snapshots").glob("*/snapshot.json"))
    if not snapshots:
        raise NotFoundError(f"source {source!r} has no snapshot. Run: hi-fhir flatten --source ...")

    def age(manifest: Path) -> tuple[int, int, int]:
        content = read_json(manifest)
        pulled = max((ages.get(pull["id"], 0) for pull in content["pulls"]), default=0)
        return pulled, content["schema_version"], content["kernel_version"]

    return max(snapshots, key=age).parent


def known_sources(data_dir: Path) -> tuple[str, ...]:
    """Names of the sources that the data folder holds anything of."""
    return tuple(sorted(path.name for path in (data_dir / "sources").glob("*") if path.is_dir()))


def note_newest(evaluation: Path) -> None:
    """Have an evaluation, by its folder, be the newest: it is what was asked for last, if it was made before or not.

    Its number stands in a file of its own: its manifest tells what its inputs make it, and not when that was.
    """
    with wait_for_lock(evaluation.parent.with_name("evaluations.lock")):
        others = (_evaluated(path) for path in evaluation.parent.glob("*/evaluation.json"))
        last = max((number for number, name in others if name != evaluation.name), default=0)
        if _evaluated(evaluation / "evaluation.json")[0] <= last:
            commit_json(evaluation / _SEQUENCE, {"sequence": last + 1})


def latest_evaluation(data_dir: Path) -> Path:
    """The folder of the newest evaluation.

    Raises:
        NotFoundError: there is none.
    """
    newest = max((data_dir / "evaluations").glob("*/evaluation.json"), key=_evaluated, default=None)
    if newest is None:
        raise NotFoundError("the data folder holds no evaluation. Run: hi-fhir evaluate --period FROM..TO")
    return newest.parent


def find_evaluation(data_dir: Path, name: str | None) -> Path:
    """The folder of the evaluation called `name`; the newest where no name is given."""
    if name is None:
        return latest_evaluation(data_dir)
    folder = data_dir / "evaluations" / name
    if not (folder / "evaluation.json").exists():
        raise NotFoundError(f"no evaluation is called {name!r}. hi-fhir status lists them.")
    return folder


def evaluations(data_dir: Path) -> list[dict[str, Any]]:
    """The manifest of every evaluation, oldest first."""
    manifests = (data_dir / "evaluations").glob("*/evaluation.json")
    return [read_json(manifest) for manifest in sorted(manifests, key=_evaluated)]


def runs(data_dir: Path) -> list[dict[str, Any]]:
    """Every run, oldest first: its plan, its state, and its result where it has ended."""
    found = []
    for plan in sorted((data_dir / "runs").glob("*/plan.json"), key=run_number):
        manifest = plan.parent / "run.json"
        result = read_json(manifest) if manifest.exists() else None
        if result and "reconciliation" in result:
            result = with_current_terms(result)
        interrupted = (plan.parent / INTERRUPTION).exists()
        state = RunState(result["state"]) if result else RunState.INTERRUPTED if interrupted else RunState.UNFINISHED
        found.append({"run": plan.parent.name, "plan": read_json(plan), "state": state, "result": result})
    return found


def run_number(plan: Path) -> int:
    """The number of the run whose plan this is: the first word of its folder's name."""
    return int(plan.parent.name.partition("-")[0])


def run_of(data_dir: Path, evaluation: str) -> Path | None:
    """The folder of the newest finished run of an evaluation."""
    finished = (run for run in reversed(runs(data_dir)) if run["state"] == RunState.DONE)
    names = (str(run["run"]) for run in finished if run["result"]["evaluation"] == evaluation)
    name = next(names, None)
    return data_dir / "runs" / name if name else None


def reconciliation_of(data_dir: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the records of a run, by source and type: of those sources whose tables it has made so far."""
    if run["state"] == RunState.DONE:
        return dict(run["result"]["reconciliation"])
    found = {}
    for source, pulled in _pulls(data_dir, run):
        snapshots = (data_dir / "sources" / source / "snapshots").glob("*/snapshot.json")
        of_it = [one for one in map(read_json, snapshots) if pulled.name in [pull["id"] for pull in one["pulls"]]]
        if of_it:
            newest = max(of_it, key=lambda one: (one["kernel_version"], one["id"]))
            found[source] = with_current_terms(newest)["reconciliation"]
    return found


def pulls_of_stopped_runs(data_dir: Path, source: str) -> list[Path]:
    """The folders of the pulls of a source that stopped runs have left behind."""
    stopped = (run for run in runs(data_dir) if run["state"] == RunState.STOPPED)
    return [pulled for run in stopped for name, pulled in _pulls(data_dir, run) if name == source]


def _pulls(data_dir: Path, run: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The sources of a run, each with the folder of its pull if that has begun."""
    for source, sequence in run["plan"]["sequences"].items():
        for plan in (data_dir / "sources" / source / "raw").glob("*/plan.json"):
            if _sequence(plan) == sequence:
                yield source, plan.parent


def _evaluated(manifest: Path) -> tuple[int, str]:
    """When an evaluation was last asked for, as a number, and its name; 0 where that was never written down."""
    path = manifest.parent / _SEQUENCE
    return int(read_json(path)["sequence"]) if path.exists() else 0, manifest.parent.name


def _sequence(plan: Path) -> int:
    return int(read_json(plan)["sequence"])
