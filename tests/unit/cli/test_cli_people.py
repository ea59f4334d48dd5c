"""What `hi-fhir status` and `hi-fhir run` tell of people: exact counts, for whoever runs hi_fhir."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.release import release_evaluation
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.people import make_people
from tests.support.cli import hi_fhir, settings
from tests.support.evaluations import write_evaluation

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
PERIOD = "2024-04-01..2025-03-31"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with settings(monkeypatch, tmp_path):
        yield tmp_path


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_status_tells_of_a_finished_runs_people_and_of_what_was_left_out(place: Path) -> None:
    folder = place / "data" / "evaluations" / "e1"
    manifest = write_evaluation(folder, measures=["ethnicity-recorded"], people=20)
    release_evaluation(RunContext(Config(data_dir=place / "data"), CLOCK), folder, "icb", None)

    printed = lines(hi_fhir("status").out)
    [run] = hi_fhir("status", "--json").json["runs"]

    people = msgspec.to_builtins(manifest.people)
    assert ["registered", f"{people['registered']}"] in printed
    for name, what in (("not_registered_by_reason", "not registered"), ("deprivation", "deprivation")):
        assert people[name]
        assert all([*what.split(), kind, f"{count}"] in printed for kind, count in people[name].items())
    assert ["main", "observation", "900", "0", "0", "7"] in printed
    assert ["main", "40", "3", "2", "1"] in printed
    assert ["systolic-blood-pressure", "4", "2"] in [line[:3] for line in printed]
    assert run["result"]["people"] == people
    assert run["result"]["dropped_readings"] == manifest.dropped_readings
    assert run["result"]["classes"] == manifest.classes


@pytest.mark.slow
def test_a_run_tells_of_its_people_in_short(place: Path) -> None:
    write_folder(place / "sandbox", make_people(40, seed=1), gz=False)
    chosen = ("--source", place / "sandbox" / "fhir", "--period", PERIOD, "--measures", "ethnicity-recorded")

    printed = lines(hi_fhir("run", *chosen).out)
    people = hi_fhir("status", "--json").json["runs"][0]["result"]["people"]

    unregistered = people["persons"] - people["registered"]
    assert ["people", f"{people['persons']}"] in printed
    assert ["not", "registered", f"{unregistered}"] in printed
    assert not any(line[:1] == ["ethnicity"] for line in printed)


def test_a_day_that_the_period_does_not_have_is_refused_before_anything_is_pulled(place: Path) -> None:
    ran = hi_fhir("run", "--source", "http://example.invalid", "--period", PERIOD, "--reference-date", "2025-04-01")

    assert ran.code == 2
    assert "the reference date 2025-04-01 is after the period's end" in ran.err
    assert not (place / "data").exists()
