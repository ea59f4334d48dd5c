"""The how-to of a GP system as it is typed: registered once, it asks and is told, of its own practice alone."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.store.session import open_store
from tests.support.killed_subscriber import until
from tests.support.pages import ROOT, blocks, command_lines
from tests.support.processes import HI_FHIR, environment, interrupt, run_hi_fhir
from tests.support.released import release

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "how-to" / "connect-a-gp-system.md"
DATA, MEASURE = Path("demo-data") / "data", "smoking-status-recorded"
SERVED = "http://127.0.0.1:8765/fhir"


class GpSystem:
    """Types line after line in a folder of its own. answers: by the path that was asked for, without its query."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._env = environment(folder / "identity.key", callback_networks="127.0.0.0/8", callback_http="true")
        self._id = self._base = ""
        self.answers: list[Any] = []
        self.subscription = ""

    def release(self, count: int) -> None:
        store = open_store(self._folder / DATA / "hi_fhir.sqlite")
        release(store, measures=(MEASURE,), reporters=("XP104", "XP105"), audience="practice", count=count)
        store.close()

    def types(self, line: str) -> None:
        words = [{"ID": self._id, SERVED: self._base}.get(word, word) for word in shlex.split(line)]
        match words:
            case ["python", program, *arguments]:
                self._runs([sys.executable, str(ROOT / program), *arguments])
            case ["hi-fhir", "report", *_]:
                self.release(100)  # of made-up reports: a whole run is the demo's
            case ["hi-fhir", "serve", *arguments]:
                told = self._starts([*HI_FHIR, "serve", "--port", "0", *arguments])
                self._base = next(word for word in told.split() if word.startswith("http"))
            case ["hi-fhir", "clients", "add", *arguments]:
                paths = [str(self._folder / one) if "/" in one else one for one in arguments]
                ran = run_hi_fhir(["clients", "add", *paths], self._env)
                assert ran.returncode == 0, ran.stderr
                self._id = re.findall(r"Client (\S+):", ran.stdout)[0]
            case _:
                raise AssertionError(f"nobody knows how to type {line}")

    def _runs(self, command: list[str]) -> None:
        if command[1].endswith("subscriber.py"):
            self.subscription = self._starts(command).strip()
            return
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        if done.stdout:
            self.answers.append(json.loads(done.stdout))

    def _starts(self, command: list[str]) -> str:
        """The first line that it prints."""
        process = subprocess.Popen(command, cwd=self._folder, env=self._env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        self._stack.callback(process.stdout.close)
        self._stack.callback(interrupt, process)
        return process.stdout.readline()


@pytest.fixture(scope="module")
def estuary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GpSystem, Path]]:
    folder = tmp_path_factory.mktemp("estuary")
    (folder / DATA).mkdir(parents=True)
    with ExitStack() as stack:
        one = GpSystem(stack, folder)
        for block in blocks(PAGE):
            for line in command_lines(block):
                one.types(line)
        yield one, folder


def test_it_has_its_own_practices_reports_and_of_another_nothing(estuary: tuple[GpSystem, Path]) -> None:
    measures, reports, evaluated, others = estuary[0].answers

    assert [one["resource"]["id"] for one in measures["entry"]] == [MEASURE]
    [own] = [one["resource"] for one in reports["entry"]]
    assert own["reporter"]["identifier"]["value"] == "XP105"
    assert evaluated["id"] == own["id"]
    assert (others["total"], others.get("entry", [])) == (0, [])


def test_it_is_told_of_what_is_released_from_then_on(estuary: tuple[GpSystem, Path]) -> None:
    system, folder = estuary
    assert "/Subscription/" in system.subscription

    system.release(200)

    reports = folder / "estuary" / "reports"
    until(lambda: len([*reports.glob("mr-*.json")]) == 1, 30)
    [told] = [json.loads(path.read_text()) for path in reports.glob("mr-*.json")]
    assert told["reporter"]["identifier"]["value"] == "XP105"
    assert told["group"][0]["population"][0]["count"] == 200
