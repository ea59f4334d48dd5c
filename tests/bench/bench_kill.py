"""Kill -9 during `hi-fhir run`, spread over all steps: whether what the runs leave is what an undisturbed one leaves.

Run: python -m tests.bench.bench_kill [kills] [people]
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.kills import differences, killed_runs

KILLS_A_RUN = 5


def main(kills: int = 200, people: int = 200) -> None:
    """Print one JSON object: the kills of each step, and the paths that came to differ."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), kills, people)))  # noqa: T201  a bench prints


def measure(folder: Path, kills: int, people: int) -> dict[str, object]:
    started = time.monotonic()
    with killed_runs(folder, people) as trial:
        expected = trial.reference()
        random_ = random.Random(1)
        differing: dict[str, Sequence[str]] = {}
        number = 0
        while sum(trial.killed.values()) < kills:
            number += 1
            found = trial.disturbed(number, min(KILLS_A_RUN, kills - sum(trial.killed.values())), random_)
            if paths := differences(expected, found):
                differing[f"run {number}"] = paths
        return {
            "kills": sum(trial.killed.values()),
            "runs": number,
            "people": people,
            "kills_by_step": {step: trial.killed[step] for step in trial.lengths},
            "seconds_of_step_undisturbed": {step: round(length, 2) for step, length in trial.lengths.items()},
            "files_and_reports_compared": len(expected),
            "differing": differing,
            "wall_s": round(time.monotonic() - started),
        }


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
