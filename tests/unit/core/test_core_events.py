"""Events: where they go, what they are about, and that nothing is written unasked."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from hi_fhir.core.errors import ConfigError
from hi_fhir.core.events import about, event, step, write_events
from tests.support.cli import hi_fhir


@dataclass(frozen=True)
class Source:
    name: str


@step("pull", lambda received: {"received": received})
def pulled(source: Source, received: int) -> int:
    if received < 0:
        raise ValueError("a value that nobody may see")
    return received


def written(file: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in ("at", "seconds")} for line in lines]


def test_a_step_tells_its_begin_and_its_end_with_run_source_and_counts(tmp_path: Path) -> None:
    with write_events(str(tmp_path / "log")), about(run="0001-abc"):
        pulled(Source("elm"), 3)

    both = {"run": "0001-abc", "step": "pull", "source": "elm"}
    assert written(tmp_path / "log") == [
        {"event": "step-began", **both},
        {"event": "step-ended", **both, "received": 3},
    ]


def test_a_step_that_fails_tells_the_kind_of_error_and_not_its_words(tmp_path: Path) -> None:
    with write_events(str(tmp_path / "log")), pytest.raises(ValueError, match="nobody may see"):
        pulled(Source("elm"), -1)

    assert written(tmp_path / "log")[-1] == {
        "event": "step-failed",
        "step": "pull",
        "source": "elm",
        "error": "ValueError",
    }


def test_nothing_is_written_unasked_and_a_log_is_appended_to(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    event("unasked")
    for number in (1, 2):
        with write_events(str(tmp_path / "log")):
            event("asked", number=number)
    event("unasked")

    assert [line["number"] for line in written(tmp_path / "log")] == [1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"), write_events(str(tmp_path / "nowhere" / "log")):
        pass

    assert hi_fhir("--log", tmp_path / "nowhere" / "log", "status", "--data-dir", tmp_path).code == 2


def test_a_dash_is_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with write_events("-"):
        event("asked")

    out, err = capfd.readouterr()
    assert (out, json.loads(err)["event"]) == ("", "asked")
