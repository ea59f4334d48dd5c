"""`hi-fhir run` under kill -9: ended at random moments of every step, begun again, and compared byte for byte.

Which step is drawn first, evenly, then how far into it: some steps are a hundred times as long as others.
"""

import hashlib
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import requests

from tests.support.processes import environment, kill, run_hi_fhir, sandbox, start_hi_fhir

STEPS = ("start", "pull", "flatten", "resolve", "evaluate", "report", "publish")
_POLL_S = 0.002
_LIMIT_S = 300.0


@dataclass
class Trial:
    """Runs of one command to compare. `base`: its folder; `source`: base address of the server that is pulled from."""

    base: Path
    source: str
    overlay: Path
    env: Mapping[str, str]
    prepare: Callable[[Path], None]
    killed: Counter[str] = field(default_factory=Counter)
    lengths: dict[str, float] = field(default_factory=dict)

    def arguments(self, data_dir: Path, target: str) -> list[object]:
        return [
            *("run", "--source", self.source, "--period", "2024-04-01..2025-03-31", "--audience", "icb"),
            *("--publish", target, "--overlay", self.overlay, "--data-dir", data_dir, "--json"),
        ]

    def reference(self) -> dict[str, str]:
        """What a run leaves that nobody disturbs; times its steps on the way."""
        data_dir = self.base / "reference"
        self.prepare(data_dir)
        with sandbox(["--empty"], self.env) as target:
            process = start_hi_fhir(self.arguments(data_dir, target), self.env, self.base / "reference.log")
            began: dict[str, float] = {}
            deadline = time.monotonic() + _LIMIT_S
            while process.poll() is None:
                assert time.monotonic() < deadline, "the undisturbed run does not end"
                began.setdefault(step_of(data_dir), time.monotonic())
                time.sleep(_POLL_S)
            ended = time.monotonic()
            assert process.returncode == 0, (self.base / "reference.log").read_text()
            starts = [*began.values(), ended]
            self.lengths = {step: starts[place + 1] - at for place, (step, at) in enumerate(began.items())}
            return {**contents(data_dir), **published(target)}

    def disturbed(self, number: int, kills: int, random_: random.Random) -> dict[str, str]:
        """What a run leaves that was killed `kills` times; counts the steps in which it was."""
        data_dir = self.base / f"disturbed-{number}"
        log = self.base / f"disturbed-{number}.log"
        self.prepare(data_dir)
        with sandbox(["--empty"], self.env) as target:
            arguments = self.arguments(data_dir, target)
            for step in sorted(random_.choices(STEPS, k=kills), key=STEPS.index):
                if not is_done(data_dir):  # the same command would begin another run
                    process = start_hi_fhir(arguments, self.env, log)
                    self._kill_in(process, data_dir, step, random_.random())
            if not is_done(data_dir):
                finished = run_hi_fhir(arguments, self.env)
                assert finished.returncode == 0, finished.stderr + log.read_text()
            return {**contents(data_dir), **published(target)}

    def _kill_in(self, process: subprocess.Popen[bytes], data_dir: Path, step: str, share: float) -> None:
        """Kill in `step`, after `share` of the time that it took undisturbed, unless the run ends before."""
        deadline = time.monotonic() + _LIMIT_S
        while process.poll() is None and STEPS.index(step_of(data_dir)) < STEPS.index(step):
            assert time.monotonic() < deadline, f"the run did not come to {step}"
            time.sleep(_POLL_S)
        time.sleep(share * self.lengths.get(step, 0.0))
        step = step_of(data_dir)
        kill(process)
        if not is_done(data_dir):
            self.killed[step] += 1


def step_of(data_dir: Path) -> str:
    """The step that the newest run in `data_dir` is in, by what is on disk."""
    runs = data_dir / "runs"
    if not any(runs.glob("*/plan.json")):
        return "start"
    if not any(data_dir.glob("sources/*/raw/*/pull.json")):
        return "pull"
    if not any(data_dir.glob("sources/*/snapshots/*/snapshot.json")):
        return "flatten"
    if not any(data_dir.glob("evaluations/*/resolution.json")):
        return "resolve"
    if not any(data_dir.glob("evaluations/*/evaluation.json")):
        return "evaluate"
    return "publish" if any(runs.glob("*/reports/**/*.json")) else "report"


def is_done(data_dir: Path) -> bool:
    """Whether the run has written that it is done; what is killed after that was no run any more."""
    return any(data_dir.glob("runs/*/run.json"))


def contents(data_dir: Path) -> dict[str, str]:
    """SHA-256 of every table, manifest of tables, identity and report, by path; a report's without its run's id."""
    found = {}
    for pattern in ("sources/*/snapshots/**/*", "evaluations/**/*", "identity/*", "runs/*/reports/**/*"):
        for path in sorted(data_dir.glob(pattern)):
            if path.is_file():
                parts = path.relative_to(data_dir).parts
                name = "/".join(parts[2:] if parts[0] == "runs" else parts)
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def published(target: str) -> dict[str, str]:
    """What the target server has of each report: its version, and the SHA-256 of it without what the server adds."""
    found, url = {}, f"{target}/MeasureReport?_count=200"
    while url:
        bundle = orjson.loads(requests.get(url, timeout=30).content)
        for entry in bundle.get("entry", ()):
            report = entry["resource"]
            version = report.pop("meta")["versionId"]
            report.pop("id")
            report["reporter"].pop("reference", None)
            digest = hashlib.sha256(orjson.dumps(report, option=orjson.OPT_SORT_KEYS)).hexdigest()
            found[f"published/{report['identifier'][0]['value']}"] = f"version {version} {digest}"
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    return found


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> Sequence[str]:
    """Paths that only one of the two has, or that differ."""
    return sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))


@contextmanager
def killed_runs(folder: Path, people: int) -> Iterator[Trial]:
    """Runs on `people` of the sandbox: the source is served, the reference files stand ready in each data folder."""
    env = environment(folder / "keys" / "identity.key", workers=1, release_check=0)
    written = run_hi_fhir(["sandbox", "--people", people, "--write", folder / "sandbox", "--json"], env)
    assert written.returncode == 0, written.stderr
    parts = {name: Path(path) for name, path in orjson.loads(written.stdout).items()}

    def prepare(data_dir: Path) -> None:
        for command, file in (("import-postcodes", "postcodes"), ("import-organisations", "organisations")):
            done = run_hi_fhir(["mappings", command, parts[file], "--data-dir", data_dir], env)
            assert done.returncode == 0, done.stderr

    with sandbox(["--people", people], env) as source:
        yield Trial(folder, source, parts["overlay"], env, prepare)
