"""MeasureReports of 114 strata from counts to the store: CPU-milliseconds for each, in whole and by what is done.

Run: python -m tests.bench.bench_reports [measures] [practices]
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from hi_fhir.cli.main import COLLECTIONS
from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.measures import registry
from hi_fhir.pipeline import giving, report
from hi_fhir.pipeline.context import RunContext
from hi_fhir.store.session import open_store
from tests.support.evaluations import an_area, write_evaluation
from tests.support.unattacked import kept_unattacked

GOAL_MS = 4
PRACTICES_A_PCN = 5
CLOCK = FixedClock(datetime(2025, 4, 2, 12, tzinfo=UTC))
STEPS = {"release_job": report, "release": giving, "build": giving, "keep": giving, "write_files": report}
"""Functions of the step by the module that calls them, each timed.

Counts read and summed; decided; built and checked; stored; written as files.
"""


def main(measures: int = 5, practices: int = 20) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), measures, practices)))  # noqa: T201  a bench prints


def measure(folder: Path, measures: int, practices: int) -> dict[str, object]:
    areas = [an_area(f"Y{number:05d}", f"U{number // PRACTICES_A_PCN:05d}", "QZ1") for number in range(practices)]
    write_evaluation(
        folder / "evaluation",
        measures=[one.id for one in registry.load()][:measures],
        areas=areas,
        people=400,
    )
    config, store = Config(data_dir=folder), open_store(folder / "hi_fhir.sqlite")
    gc.set_threshold(*COLLECTIONS)
    took = {name: _timed(module, name) for name, module in STEPS.items()}
    started = time.process_time()
    with kept_unattacked():  # counts of several measures are made up each by itself; bench_attack times the attack
        made = report.report(RunContext(config, CLOCK, opened=store), folder / "evaluation", "icb", folder / "run")
    whole = time.process_time() - started
    store.close()
    each = 1000 / len(made.reports)
    return {
        "reports": len(made.reports),
        "kb_each": round(Path(made.paths[0]).stat().st_size / 1000),
        "ms_each": round(whole * each, 2),
        "goal_ms": GOAL_MS,
        "ms_each_by_step": {name.strip("_"): round(sum(seconds) * each, 2) for name, seconds in took.items()},
    }


def _timed(module: ModuleType, name: str) -> list[float]:
    """Have a function of the step add the CPU-seconds of its calls to the list that is given back."""
    function: Callable[..., Any] = getattr(module, name)
    seconds: list[float] = []

    def timed(*arguments: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments)
        finally:
            seconds.append(time.process_time() - started)

    setattr(module, name, timed)
    return seconds


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
