"""A FHIR server that misbehaves: what passes is waited out and changes no table; what lasts is named, exit code 3."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import orjson
import pytest

from hi_fhir.cli.main import run_command
from hi_fhir.sandbox import render, server
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.people import make_people
from hi_fhir.sandbox.people.model import DATA_DATE

PEOPLE = make_people(25, seed=11)
MEASURES = "ethnicity-recorded,smoking-status-recorded,encounter-reason-coded"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "KEY_FILE": tmp_path / "keys" / "identity.key",
        "WORKERS": 1,
        "PAGE_SIZE": 20,
        "SLICES": 2,
        "TRIES": 4,
        "RETRY_AFTER_CAP_S": 0.01,
        "EXPORT_POLL_CAP_S": 0.01,
    }.items():
        monkeypatch.setenv(f"HI_FHIR_{name}", str(value))


@contextmanager
def _serving(faults: str = "") -> Iterator[str]:
    resources = chain(render.organisation_resources(), *map(render.resources, PEOPLE))
    chosen = parse(faults) if faults else None
    with server.serve(resources, port=0, faults=chosen, data_date=DATA_DATE) as running:
        yield running.base_url


def _tables(data_dir: Path, faults: str = "") -> dict[str, str]:
    """Hashes of the tables of what was pulled from a server with these faults."""
    with _serving(faults) as base:
        pulled = run_command(["pull", "--source", base, "--measures", MEASURES, "--data-dir", str(data_dir)])
    assert pulled == 0
    assert run_command(["flatten", "--data-dir", str(data_dir)]) == 0
    (manifest,) = data_dir.glob("sources/main/snapshots/*/snapshot.json")
    tables: dict[str, str] = orjson.loads(manifest.read_bytes())["tables"]
    return tables


@pytest.mark.slow
@pytest.mark.parametrize("method", ["search", "export"])
@pytest.mark.parametrize(
    "faults", ["429:0.3", "503:0.3", "truncated-body:0.3", "duplicate-pages:0.3", "410-mid-search:0.3", "expired-links"]
)
def test_what_passes_changes_no_table(
    method: str, faults: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HI_FHIR_PULL_METHOD", method)

    assert _tables(tmp_path / "faulty", faults) == _tables(tmp_path / "sound")


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ("html-body", "HTML"),
        ("operation-outcome-200", "OperationOutcome"),
        ("foreign-next-link", "leads to another host"),
        ("next-link-loop", "next link"),
        ("dropped-parameter", "parameter"),
    ],
)
def test_what_lasts_is_named_and_is_the_other_servers(
    faults: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _serving(faults) as base:
        code = run_command(["pull", "--source", base, "--measures", MEASURES, "--data-dir", str(tmp_path / "data")])

    assert code == 3
    assert told in capsys.readouterr().err


def test_a_server_without_export_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HI_FHIR_PULL_METHOD", "export")
    with _serving("export-unsupported") as base:
        code = run_command(["pull", "--source", base, "--measures", MEASURES, "--data-dir", str(tmp_path / "data")])

    assert code == 3
    assert "export" in capsys.readouterr().err
