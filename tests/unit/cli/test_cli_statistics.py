"""`hi-fhir statistics`: what it prints and writes of what was released."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.store.session import open_store
from tests.support.cli import hi_fhir, settings
from tests.support.evaluations import AREAS, write_evaluation


@pytest.fixture(autouse=True)
def _released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One measure's reports for a board."""
    data = tmp_path / "data"
    write_evaluation(data / "evaluations" / "e1", measures=["ethnicity-recorded"], areas=AREAS[:3], people=400)
    config, store = Config(data_dir=data), open_store(data / "hi_fhir.sqlite")
    context = RunContext(config, FixedClock(datetime(2025, 5, 3, tzinfo=UTC)), opened=store)
    report(context, data / "evaluations" / "e1", "icb", data / "runs" / "1")
    store.close()
    with settings(monkeypatch, tmp_path):
        yield


def test_it_shows_scores_and_what_follows_from_them() -> None:
    ran = hi_fhir("statistics", "--reporter", "QZ1")
    assert ran.code == 0
    assert "slope-index" in ran.out
    assert "with rounding" in ran.out
    assert "denominator" not in ran.out


def test_every_row_is_in_json_and_csv(tmp_path: Path) -> None:
    file = tmp_path / "statistics.csv"
    told = hi_fhir("statistics", "--measures", "ethnicity-recorded", "--csv", file, "--json").json
    with file.open(newline="") as text:
        rows = [*csv.DictReader(text)]
    assert len(rows) == len(told) > 1000
    for row, one in zip(rows, told, strict=True):
        assert row == {name: "" if value is None else str(value) for name, value in one.items()}
    assert f"{len(rows)} rows in" in hi_fhir("statistics", "--csv", file).out


def test_ethnic_groups_are_compared_with_whom_is_chosen() -> None:
    told = hi_fhir("statistics", "--against", "white-british", "--json").json
    ethnic = {row["stratifier"] for row in told if row["statistic"] == "ratio" and "ethnic" in row["stratifier"]}
    assert ethnic == {"ethnic-category-16"}


def test_nothing_released_is_the_users_to_know() -> None:
    ran = hi_fhir("statistics", "--audience", "public")
    assert (ran.code, "nothing of that was released to the public audience" in ran.err) == (2, True)
