"""Reports and publishing of an evaluation that is there already: under the run that made it, and nowhere else."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError, ConfigError, SourceError
from hi_fhir.core.files import commit_json, read_json
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.release import Released, release_evaluation
from hi_fhir.pipeline.run_folder import run_lock
from hi_fhir.sandbox.server import serve
from tests.support.cli import hi_fhir
from tests.support.evaluations import write_evaluation
from tests.support.released import DAY

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Of a data folder with two evaluations, made step by step."""
    for name in ("e1", "e2"):
        write_evaluation(tmp_path / "evaluations" / name, measures=["ethnicity-recorded"], people=20)
    return Config(data_dir=tmp_path, tries=1)


def released(config: Config, name: str = "e1", audience: str = "icb", url: str | None = None) -> Released:
    return release_evaluation(RunContext(config, CLOCK), config.data_dir / "evaluations" / name, audience, url)


def a_run(config: Config, name: str, evaluation: str | None) -> Path:
    """A run as `hi-fhir run` leaves it; unfinished without an evaluation."""
    folder = config.data_dir / "runs" / name
    folder.mkdir(parents=True)
    commit_json(folder / "plan.json", {"arguments": {"period": ["2024-04-01", "2025-03-31"]}, "sequences": {}})
    if evaluation:
        commit_json(folder / "run.json", {"run": name, "evaluation": evaluation, "state": "done"})
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reports_lie_under_the_newest_run_that_made_the_evaluation(config: Config) -> None:
    a_run(config, "0001-a", "e1")
    newest = a_run(config, "0002-b", "e1")
    a_run(config, "0003-c", "e2")
    a_run(config, "0004-d", None)
    manifest = (newest / "run.json").read_bytes()

    made = released(config)

    assert made.folder == newest
    assert {Path(path).parents[1] for path in made.reports.paths} == {newest / "reports" / "icb"}
    assert (newest / "run.json").read_bytes() == manifest


def test_an_evaluation_made_step_by_step_gets_a_run_of_its_own(config: Config) -> None:
    made = released(config)

    [run] = history.runs(config.data_dir)
    assert made.folder == config.data_dir / "runs" / run["run"]
    assert run["plan"]["arguments"]["period"] == ["2024-04-01", "2025-03-31"]
    assert (run["result"]["evaluation"], run["result"]["audience"]) == ("e1", "icb")
    assert run["result"]["reports"] == made.reports.paths
    assert run["result"]["reconciliation"]["main"]["Patient"]["kept"] == 100


def test_another_audience_goes_into_the_same_run(config: Config) -> None:
    first, second = released(config), released(config, audience="practice")

    assert first.folder == second.folder
    assert sorted(path.name for path in (first.folder / "reports").iterdir()) == ["icb", "practice"]
    assert released(config, "e2").folder != first.folder


def test_nothing_is_written_into_the_folder_of_an_evaluation(config: Config) -> None:
    before = contents(config.data_dir / "evaluations")

    with serve((), port=0, data_date=DAY) as target:
        released(config)
        released(config, audience="public", url=target.base_url)

    assert contents(config.data_dir / "evaluations") == before


def test_what_was_published_is_in_the_manifest_of_a_run_of_its_own(config: Config) -> None:
    with serve((), port=0, data_date=DAY) as target:
        made = released(config, url=target.base_url)

    assert made.sent is not None
    assert made.sent.sent == 9
    assert read_json(made.folder / "run.json")["published"]["target"] == target.base_url


@pytest.mark.slow
def test_a_release_that_stopped_is_unfinished_and_the_same_again_finishes_it(config: Config) -> None:
    with serve((), port=0, data_date=DAY) as target:
        url = target.base_url
    with pytest.raises(SourceError):
        released(config, url=url)
    [stopped] = history.runs(config.data_dir)
    assert stopped["result"] is None

    with serve((), port=urlsplit(url).port or 0, data_date=DAY):
        made = released(config, url=url)

    [finished] = history.runs(config.data_dir)
    assert (finished["run"], made.folder.name) == (stopped["run"], stopped["run"])
    assert finished["result"]["published"]["sent"] == 9


def test_two_processes_do_not_work_in_one_run(config: Config) -> None:
    folder = released(config).folder

    with run_lock(folder), pytest.raises(BusyError, match="by another process"):
        released(config)


def test_a_target_that_may_not_be_published_to_is_refused_before_anything_is_made(config: Config) -> None:
    with pytest.raises(ConfigError, match="names that every deployment has"):
        released(config, url="http://example.invalid/fhir")

    assert not (config.data_dir / "runs").exists()


def test_a_run_is_refused_before_it_pulls_if_it_could_not_publish(tmp_path: Path) -> None:
    arguments = ["--period", "2024-04-01..2025-03-31", "--audience", "icb", "--publish", "http://example.invalid/fhir"]

    ran = hi_fhir("run", "--source", tmp_path, "--data-dir", tmp_path / "data", *arguments)

    assert (ran.code, "identifier_system and canonical_base" in ran.err) == (2, True)
    assert not (tmp_path / "data").exists()


def test_the_commands_tell_where_the_reports_are_and_status_lists_the_run(config: Config) -> None:
    made = hi_fhir("report", "--evaluation", "e1", "--audience", "icb", "--data-dir", config.data_dir)

    [run] = hi_fhir("status", "--json", "--data-dir", config.data_dir).json["runs"]
    assert (made.code, run["result"]["evaluation"]) == (0, "e1")
    assert str(config.data_dir / "runs" / run["run"] / "reports") in made.out
    assert run["run"] in hi_fhir("status", "--data-dir", config.data_dir).out
