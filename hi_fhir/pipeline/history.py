"""What the data folder holds already: the newest pull, snapshot and evaluation, and the next number of a pull."""

from pathlib import Path
from typing import Any

from hi_fhir.core.errors import NotFoundError
from hi_fhir.core.files import read_json


def next_sequence(data_dir: Path, source: str) -> int:
    """A number that no pull of this source has yet."""
    plans = (data_dir / "sources" / source / "raw").glob("*/plan.json")
    return 1 + max((int(read_json(plan)["sequence"]) for plan in plans), default=0)


def unfinished_sequence(data_dir: Path, source: str) -> int | None:
    """The number of the newest pull of this source if it was not finished."""
    newest = _newest(data_dir / "sources" / source / "raw", "plan.json")
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
    """The folder of the snapshot made from the newest finished pull that was flattened.

    Raises:
        NotFoundError: the source has none.
    """
    root = data_dir / "sources" / source
    ages = {plan.parent.name: _sequence(plan) for plan in (root / "raw").glob("*/plan.json")}
    snapshots = list((root / "snapshots").glob("*/snapshot.json"))
    if not snapshots:
        raise NotFoundError(f"source {source!r} has no snapshot. Run: hi-fhir flatten --source ...")

    def age(manifest: Path) -> int:
        return max((ages.get(pull["id"], 0) for pull in read_json(manifest)["pulls"]), default=0)

    return max(snapshots, key=age).parent


def known_sources(data_dir: Path) -> tuple[str, ...]:
    """Names of the sources that the data folder holds anything of."""
    return tuple(sorted(path.name for path in (data_dir / "sources").glob("*") if path.is_dir()))


def latest_evaluation(data_dir: Path) -> Path:
    """The folder of the newest evaluation.

    Raises:
        NotFoundError: there is none.
    """
    newest = _newest(data_dir / "evaluations", "evaluation.json")
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


def runs(data_dir: Path) -> list[dict[str, Any]]:
    """Every run, oldest first: its plan, and its result where it is done."""
    found = []
    for plan in sorted((data_dir / "runs").glob("*/plan.json")):
        result = plan.parent / "run.json"
        done = read_json(result) if result.exists() else None
        found.append({"run": plan.parent.name, "plan": read_json(plan), "result": done})
    return found


def run_of(data_dir: Path, evaluation: str) -> Path | None:
    """The folder of the newest finished run of an evaluation."""
    finished = (run for run in reversed(runs(data_dir)) if run["result"])
    names = (str(run["run"]) for run in finished if run["result"]["evaluation"] == evaluation)
    name = next(names, None)
    return data_dir / "runs" / name if name else None


def _newest(root: Path, manifest: str) -> Path | None:
    return max(root.glob(f"*/{manifest}"), key=lambda path: path.stat().st_mtime_ns, default=None)


def _sequence(plan: Path) -> int:
    return int(read_json(plan)["sequence"])
