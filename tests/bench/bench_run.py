"""`hi-fhir run` from NDJSON to reports, 35 resources a person: people per CPU-second, and peak memory by step.

Run: python -m tests.bench.bench_run [people] [workers]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from tests.bench.memory import MemoryByStep
from tests.support.processes import HI_FHIR, environment, run_hi_fhir

GOAL = 3_000


def main(people: int = 10_000, workers: int = 2) -> None:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), people, workers)))  # noqa: T201  a bench prints


def measure(folder: Path, people: int, workers: int) -> dict[str, object]:
    env = environment(folder / "keys" / "identity.key", workers=workers)
    written = run_hi_fhir(["sandbox", "--people", people, "--write", folder / "sandbox", "--json"], env, timeout_s=3600)
    assert written.returncode == 0, written.stderr
    parts = orjson.loads(written.stdout)
    data_dir = folder / "data"
    for command, part in (("import-postcodes", "postcodes"), ("import-organisations", "organisations")):
        assert run_hi_fhir(["mappings", command, parts[part], "--data-dir", data_dir], env).returncode == 0
    arguments = ["run", "--source", parts["fhir"], "--extract-date", "2025-04-02", "--overlay", parts["overlay"]]
    arguments += ["--period", "2024-04-01..2025-03-31", "--data-dir", str(data_dir), "--json"]
    started = time.monotonic()
    events = folder / "events.json"
    process = subprocess.Popen([*HI_FHIR, "--log", str(events), *arguments], env=env, stdout=subprocess.PIPE)
    memory = MemoryByStep(process.pid, events)
    assert process.stdout is not None
    manifest = orjson.loads(process.stdout.read())
    memory.end()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    received = sum(kind["received"] for kind in manifest["reconciliation"]["main"].values())
    cpu = usage.ru_utime + usage.ru_stime
    return {
        "people": people,
        "resources": received,
        "workers": workers,
        "reports": len(manifest["reports"]),
        "wall_s": round(time.monotonic() - started, 1),
        "cpu_s": round(cpu, 1),
        "people_per_cpu_s": round(people / cpu),
        "goal": GOAL,
        "peak_mib_of_a_process": round(usage.ru_maxrss / 1024),
        "peak_mib_together": max(memory.peaks.values()),
        "peak_mib_by_step": memory.peaks,
    }


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
