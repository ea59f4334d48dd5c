"""The tutorial as a newcomer types it: every command of the page in its order, each with what the page says of it."""

import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.support.cli import Ran, hi_fhir
from tests.support.pages import ROOT, blocks, command_lines
from tests.support.processes import serving

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "tutorials" / "first-run.md"


class Newcomer:
    """Types line after line in a folder of their own. served: what the service answered them, by URL."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._base = ""
        self.printed: dict[str, Ran] = {}
        self.listed: list[Path] = []
        self.report: Any = None
        self.served: Any = None

    def types(self, line: str) -> None:
        words = shlex.split(line.partition(" | ")[0])
        match words:
            case ["make", "setup"] | [".", _]:
                pass  # is what this test runs in
            case ["hi-fhir", "serve", "--data-dir", folder]:
                self._base = self._stack.enter_context(serving(Path(folder)))
            case ["hi-fhir", *arguments]:
                self.printed[" ".join(arguments[:2])] = ran = hi_fhir(*arguments)
                assert ran.code == 0, ran.err
            case ["ls", pattern]:
                self.listed = [path for folder in Path().glob(pattern) for path in folder.iterdir()]
            case ["python", "-m", "json.tool", pattern]:
                [path] = Path().glob(pattern)
                self.report = orjson.loads(path.read_bytes())
            case ["curl", url]:
                path = url.removeprefix("http://127.0.0.1:8765/fhir")
                self.served = requests.get(self._base + path, timeout=10).json()
            case _:
                raise AssertionError(f"nobody knows how to type {line}")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("tutorial")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.chdir(folder)
        environment.setenv("HI_FHIR_KEY_FILE", str(folder / "keys" / "identity.key"))
        one = Newcomer(stack)
        for block in blocks(PAGE):
            for line in command_lines(block):
                one.types(line)
        yield one


def test_the_run_tells_what_became_of_every_record(newcomer: Newcomer) -> None:
    [quarantined] = re.findall(r"(\d+) records are in quarantine", PAGE.read_text(encoding="utf-8"))
    rows = [line.split() for line in newcomer.printed["run --source"].out.splitlines() if line.startswith("main")]

    assert sum(int(row[-1].replace(",", "")) for row in rows if len(row) == 9) == int(quarantined)
    assert newcomer.printed["quarantine --data-dir"].out.count("Patient") + 1


def test_the_report_has_the_counts_of_the_practice_and_its_breakdowns(newcomer: Newcomer) -> None:
    group = newcomer.report["group"][0]
    breakdowns = {one["code"][0]["coding"][0]["code"] for one in group["stratifier"] if "code" in one}

    assert len(newcomer.listed) > 1
    assert newcomer.report["resourceType"] == "MeasureReport"
    assert all("count" in population for population in group["population"])
    assert {"sex", "age-band", "ethnic-group-5", "imd-quintile"} <= breakdowns


def test_another_audience_is_served_masked_reports(newcomer: Newcomer) -> None:
    assert newcomer.served["total"] > len(newcomer.served["entry"]) == 2
    assert '"masked"' in orjson.dumps(newcomer.served).decode()


def test_a_look_back_shows_the_run_and_the_measure(newcomer: Newcomer) -> None:
    assert "0001-" in newcomer.printed["status --data-dir"].out
    assert "Smoking status recorded" in newcomer.printed["measures show"].out
