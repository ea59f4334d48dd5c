"""A disk that is full stops every step with one message, and the same command goes on once there is room."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import orjson
import pytest
from sqlalchemy.exc import OperationalError

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import NoRoomError
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.run import RunRequest, run
from hi_fhir.pipeline.run_folder import RunManifest
from tests.support.cli import hi_fhir
from tests.support.landing import config_in

CLOCK = FixedClock(datetime(2025, 4, 3, tzinfo=UTC))
PRACTICE = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99001"}}
FULL = OSError(errno.ENOSPC, "No space left on device")
QUOTA = OSError(errno.EDQUOT, "Disk quota exceeded")
ENGINE = duckdb.IOException('IO Error: Could not write file "x": No space left on device')
STORE = OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient as a line, and one in a Bundle."""
    made = tmp_path_factory.mktemp("export")
    one, other = (
        {
            "resourceType": "Patient",
            "id": id_,
            "birthDate": "1960-05-03",
            "meta": {"lastUpdated": "2025-04-02T10:00:00Z"},
            "managingOrganization": PRACTICE,
        }
        for id_ in ("p1", "p2")
    )
    (made / "Patient.ndjson").write_bytes(orjson.dumps(one) + b"\n")
    (made / "a.json").write_bytes(orjson.dumps({"resourceType": "Bundle", "entry": [{"resource": other}]}))
    return made


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The reports of a run that had room."""
    return reports(ran(config_in(tmp_path_factory.mktemp("other")), folder))


def ran(config: Config, folder: Path) -> RunManifest:
    request = RunRequest(
        sources=(SourceSettings("elm", str(folder)),),
        period=Period(date(2024, 4, 1), date(2025, 3, 31)),
        measures=("nhs-number-verified",),
    )
    return run(RunContext(config, CLOCK), request)


@contextmanager
def failing_at(place: str, number: int, error: Exception) -> Iterator[list[int]]:
    """The `number`th call of what is at `place` fails, as do all after it; how often it was called."""
    calls = [0]
    with pytest.MonkeyPatch.context() as patch:
        original: Callable[..., Any] = _at(place)

        def counted(*arguments: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] >= number:
                raise error
            return original(*arguments, **named)

        patch.setattr(place, counted)
        yield calls


def _at(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(__import__(module, fromlist=[name]), name)


def reports(made: RunManifest) -> list[bytes]:
    return [Path(path).read_bytes() for path in made.reports]


@pytest.mark.parametrize(
    ("place", "error"),
    [
        pytest.param("hi_fhir.sources.chunks._write", FULL, marks=pytest.mark.slow),
        pytest.param("hi_fhir.sources.chunks.sync_folder", QUOTA, marks=pytest.mark.slow),
        pytest.param("hi_fhir.tables.merge.place_file", FULL, marks=pytest.mark.slow),
        pytest.param("hi_fhir.pipeline.flatten.settle_versions", ENGINE, marks=pytest.mark.slow),
        pytest.param("hi_fhir.pipeline.evaluate.resolve", ENGINE, marks=pytest.mark.slow),
        pytest.param("hi_fhir.pipeline.evaluate.commit_file", FULL, marks=pytest.mark.slow),
        ("hi_fhir.store.ledger.record_reports", STORE),
        pytest.param("hi_fhir.pipeline.report_files.commit_files", FULL, marks=pytest.mark.slow),
        pytest.param("hi_fhir.pipeline.run.close_run", FULL, marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_leaves_a_run_that_goes_on(
    config: Config, folder: Path, undisturbed: list[bytes], place: str, error: Exception
) -> None:
    with failing_at(place, 1, error) as calls, pytest.raises(NoRoomError, match="there is no room left for the data"):
        ran(config, folder)
    assert calls[0]
    assert [one["state"] for one in history.runs(config.data_dir)] == ["unfinished"]

    made = ran(config, folder)
    assert [one["state"] for one in history.runs(config.data_dir)] == ["done"]
    assert len(list(config.data_dir.glob("sources/elm/raw/*"))) == 1
    assert reports(made) == undisturbed


@pytest.mark.slow
def test_wherever_the_disk_is_full_the_same_reports_come_in_the_end(
    config: Config, folder: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with failing_at("os.fsync", 10_000, FULL) as calls:
        ran(replace(config, data_dir=tmp_path / "counted"), folder)
    for number in range(1, calls[0] + 1, 1 + calls[0] // 12):
        tried = replace(config, data_dir=tmp_path / f"try-{number}")
        with failing_at("os.fsync", number, FULL), pytest.raises(NoRoomError):
            ran(tried, folder)
        assert not list(tried.data_dir.rglob(f".*.{os.getpid()}.tmp"))
        assert reports(ran(tried, folder)) == undisturbed


def test_a_folder_for_which_there_is_no_room_is_no_fault_of_its_rights(
    config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise FULL

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(NoRoomError, match="MB are free on its disk"):
        ran(replace(config, data_dir=folder.parent / "new" / "data"), folder)


@pytest.mark.slow
def test_a_command_says_where_there_is_no_room_and_that_it_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("HI_FHIR_KEY_FILE", str(tmp_path / "keys" / "identity.key"))
    arguments = ("run", "--source", str(folder), "--period", "2024-04-01..2025-03-31", "--data-dir", str(data))
    with failing_at("hi_fhir.tables.merge.place_file", 1, FULL):
        full = hi_fhir(*arguments)
    assert full.code == 2
    assert f"no room left for the data folder {data}" in full.err
    assert "Make room, and run the same command again: it goes on where it stopped." in full.err
    assert "Traceback" not in full.err
    assert hi_fhir(*arguments).code == 0
