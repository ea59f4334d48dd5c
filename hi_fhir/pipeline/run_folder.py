"""The folder of a run: opened by what it is asked, found again while unfinished, closed by its manifest."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from hi_fhir.core.files import commit_json, content_name, owner_folder
from hi_fhir.core.locks import held
from hi_fhir.pipeline import history


class RunManifest(msgspec.Struct, frozen=True):
    """What a run did; written last, as run.json."""

    run: str
    snapshots: dict[str, str]
    evaluation: str
    audience: str
    reconciliation: dict[str, dict[str, dict[str, int]]]
    reports: list[str]
    published: dict[str, Any] | None


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


def close_run(folder: Path, manifest: RunManifest) -> None:
    commit_json(folder / "run.json", msgspec.to_builtins(manifest))


def at_work(folder: Path) -> AbstractContextManager[None]:
    """Work in a run's folder that no other process may do at the same time.

    Raises:
        BusyError: one does.
    """
    return held(folder / "lock", "the same run is being done")
