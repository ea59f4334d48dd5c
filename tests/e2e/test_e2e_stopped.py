"""A run that a signal ends says so, leaves a mark, and goes on by the same command."""

import signal
import time
from pathlib import Path

import orjson
import pytest

from hi_fhir.pipeline import history
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import DATA_DATE
from tests.support.processes import HI_FHIR, environment, interrupt, run_hi_fhir, started_ignoring_signals

PEOPLE = make_people(30, seed=3)
LIMIT_S = 60


def given_a_slow_server():
    resources = (resource for person in PEOPLE for resource in render.resources(person))
    everything = [*render.organisation_resources(), *resources]
    return server.serve(everything, port=0, faults=parse("slow:1"), data_date=DATA_DATE)


def when_it_has_begun_to_pull(data_dir: Path) -> None:
    until = time.monotonic() + LIMIT_S
    while not any(data_dir.glob("sources/*/raw/*/plan.json")):
        assert time.monotonic() < until, "the run does not begin"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_told_to_end_goes_on_by_the_same_command(tmp_path: Path, number: signal.Signals, code: int):
    data_dir = tmp_path / "data"
    env = environment(tmp_path / "keys" / "identity.key", workers=1, page_size=3, slices=1, release_check=0)
    with given_a_slow_server() as source:
        arguments = ["run", "--source", source.base_url, "--period", "2024-04-01..2025-03-31"]
        arguments += ["--measures", "ethnicity-recorded", "--data-dir", str(data_dir)]
        with started_ignoring_signals([*HI_FHIR, *arguments], env) as process:
            when_it_has_begun_to_pull(data_dir)
            ended = interrupt(process, number)
        [interrupted] = history.runs(data_dir)
        mark = orjson.loads((data_dir / "runs" / interrupted["run"] / "interrupted.json").read_bytes())
        again = run_hi_fhir(arguments, env)

    assert (ended, interrupted["state"], mark["signal"]) == (code, "interrupted", number.name)
    assert again.returncode == 0, again.stderr
    assert [(run["run"], run["state"]) for run in history.runs(data_dir)] == [(interrupted["run"], "done")]
