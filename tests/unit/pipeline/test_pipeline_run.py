"""Which runs are continued and which have ended, and what a run leaves behind and tells."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

import orjson
import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import BusyError, ConfigError, GateError, HiFhirError, SourceError, TerminologyError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.pipeline.run_folder import RunManifest
from tests.support.cli import hi_fhir
from tests.support.landing import config_in

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
DATED = {"lastUpdated": "2025-04-02T10:00:00Z"}


def a_patient(id_: str, **changes: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "birthDate": "1960-05-03", "meta": DATED, **changes}


REGISTERED = a_patient("one", managingOrganization=PRACTICE)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The source: one registered patient."""
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder, REGISTERED)
    return folder


def write(folder: Path, *patients: dict[str, Any]) -> None:
    (folder / "Patient.ndjson").write_bytes(b"".join(orjson.dumps(patient) + b"\n" for patient in patients))


def ran(config: Config, folder: Path, **asked: Any) -> RunManifest:
    request = RunRequest(
        sources=(SourceSettings("elm", str(folder)),),
        period=Period(date(2024, 4, 1), date(2025, 3, 31)),
        measures=("nhs-number-verified",),
        **asked,
    )
    return run(RunContext(config, CLOCK), request)


def states(config: Config) -> list[str]:
    return [one["state"] for one in history.runs(config.data_dir)]


def lines(config: Config) -> list[Path]:
    return list(config.data_dir.rglob("*.zst"))


def failing(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.slow
def test_a_run_that_a_gate_stopped_has_ended_and_the_same_arguments_pull_anew(config: Config, folder: Path) -> None:
    write(folder, a_patient("one"))
    with pytest.raises(GateError, match=r"nobody to report about.*practice, a setting of the source"):
        ran(config, folder)
    write(folder, REGISTERED)
    made = ran(config, folder)

    assert states(config) == ["stopped", "done"]
    assert made.reconciliation["elm"]["Patient"]["kept"] == 1
    assert len(list(config.data_dir.glob("sources/elm/raw/*/pull.json"))) == 2


@pytest.mark.slow
def test_data_without_a_date_that_is_given_one_at_its_source_is_read_anew(config: Config, folder: Path) -> None:
    write(folder, {**REGISTERED, "meta": {}})
    with pytest.raises(ConfigError, match="no date"):
        ran(config, folder)
    write(folder, REGISTERED)

    assert ran(config, folder).state == "done"


def test_lines_of_which_none_could_be_read_are_told_of_with_the_missing_date(config: Config, folder: Path) -> None:
    (folder / "Patient.ndjson").write_bytes(b'{"resourceType": "Patient"}\n' * 3)
    with pytest.raises(ConfigError, match="3 of 3 records were refused; hi-fhir quarantine tells why"):
        ran(config, folder)


@pytest.mark.parametrize("error", [GateError("a gate"), TerminologyError("no such list")])
def test_what_ended_a_run_stands_in_its_manifest_without_its_words(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, error: HiFhirError
) -> None:
    monkeypatch.setattr("hi_fhir.pipeline.run.evaluate", failing(error))
    with pytest.raises(type(error)):
        ran(config, folder)

    [stopped] = history.runs(config.data_dir)
    assert stopped["result"] == {"format": 2, "run": stopped["run"], "state": "stopped", "kind": type(error).__name__}


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SourceError("the server failed", kind="http-status"), "unfinished"),
        (BusyError("another process"), "unfinished"),
        (RuntimeError("our fault"), "unfinished"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_what_passes_leaves_a_run_to_be_continued_without_another_pull(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, state: str
) -> None:
    monkeypatch.setattr("hi_fhir.pipeline.run.evaluate", failing(error))
    for patients in ([REGISTERED], []):
        write(folder, *patients)
        with pytest.raises(type(error)):
            ran(config, folder)

    assert states(config) == [state]
    assert len(list(config.data_dir.glob("sources/elm/raw/*"))) == 1


def test_a_run_that_goes_on_is_marked_as_interrupted_no_longer(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.pipeline.run.evaluate", failing(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            ran(config, folder)
    [mark] = config.data_dir.glob("runs/*/interrupted.json")
    marked = orjson.loads(mark.read_bytes())
    ran(config, folder)

    assert marked == {"signal": "SIGINT", "at": "2025-04-03T00:00:00+00:00"}
    assert not mark.exists()
    assert states(config) == ["done"]


@pytest.mark.slow
def test_a_pull_that_a_gate_stopped_is_begun_again_by_the_same_run(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.pipeline.run.pull", failing(GateError("too few came")))
        with pytest.raises(GateError):
            ran(config, folder)

    ran(config, folder)
    assert states(config) == ["done"]


def test_two_runs_that_are_both_unfinished_share_no_pull(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hi_fhir.pipeline.run.pull", failing(SourceError("the server is down", kind="http-status")))
    for audience in ("practice", "icb"):
        with pytest.raises(SourceError):
            ran(config, folder, audience=audience)

    assert [one["plan"]["sequences"] for one in history.runs(config.data_dir)] == [{"elm": 1}, {"elm": 2}]


@pytest.mark.slow
def test_the_lines_that_a_stopped_run_left_go_once_there_are_newer_ones(config: Config, folder: Path) -> None:
    write(folder, a_patient("one"))
    for _ in range(2):
        with pytest.raises(GateError):
            ran(config, folder)
        assert len(lines(config)) == 1
    write(folder, REGISTERED)

    ran(config, folder, keep_raw=True)
    assert len(lines(config)) == 2
    ran(config, folder)
    assert len(lines(config)) == 1  # those that were kept on purpose


@pytest.mark.slow
def test_a_lock_is_its_owners_alone(config: Config, folder: Path) -> None:
    ran(config, folder)

    locks = list(config.data_dir.rglob("*lock"))
    assert {path.parent.name for path in locks} > {"elm", "data"}
    assert len(locks) == 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in locks)


def test_a_run_ends_with_a_row_for_every_type_in_scope_and_with_what_is_to_be_known(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HI_FHIR_KEY_FILE", str(config.key_file))
    period = "2024-04-01..2025-03-31"
    measures = "nhs-number-verified,encounter-reason-coded"
    command = ["run", "--source", folder, "--period", period, "--measures", measures, "--data-dir", config.data_dir]
    printed = hi_fhir(*command)

    assert printed.code == 0
    rows = [line.split() for line in printed.out.splitlines() if line.startswith("main")]
    assert ["main", "Encounter", *["0"] * 7] in rows
    assert "Note: main: no Encounter was received" in printed.out
    assert any("no Encounter was received" in note for note in hi_fhir(*command, "--json").json["notes"])


def test_a_period_that_has_not_begun_is_refused_before_anything_is_asked(config: Config, folder: Path) -> None:
    for start, day in ((date(2025, 4, 4), None), (date(2030, 1, 1), None)):
        request = RunRequest((SourceSettings("elm", str(folder)),), Period(start, date(2031, 1, 1)), as_of=day)
        with pytest.raises(ConfigError, match=f"begins on {start}, and today is 2025-04-03"):
            run(RunContext(config, CLOCK), request)
    assert not config.data_dir.exists()


@pytest.mark.slow
def test_a_period_that_goes_on_is_counted_as_far_as_it_has_come(config: Config, folder: Path) -> None:
    request = RunRequest(
        (SourceSettings("elm", str(folder)),),
        Period(date(2025, 4, 1), date(2026, 3, 31)),
        measures=("nhs-number-verified",),
    )
    assert run(RunContext(config, CLOCK), request).reports
