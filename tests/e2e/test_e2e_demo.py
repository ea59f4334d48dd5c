"""The demo as a newcomer types it, twice: from one server to another, and every count as the sandbox knew it."""

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hi_fhir.cli.main import run_command
from hi_fhir.core.config import Config
from hi_fhir.pages.reading import Shelf
from hi_fhir.pages.trend import trend
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from tests.support.serving import names_of_ours, resolved, whole_service

pytestmark = pytest.mark.slow


MEASURES = "ethnicity-recorded,blood-pressure-recorded,hypertension-treated-to-target-under-80,encounter-reason-coded"
"""Beside the one that the demo shows; the truth of all is held against evaluations in tests/integration."""


class Twice(NamedTuple):
    folder: Path
    first: dict[str, Any]
    first_files: dict[str, bytes]
    printed: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    folder = tmp_path_factory.mktemp("demo")
    first = json.loads(_printed(folder, "--periods", "2", "--json"))
    files = _reports(folder, first["run"]["run"])
    return Twice(folder, first, files, _printed(folder, "--periods", "1"))


def _printed(folder: Path, *more: str) -> str:
    with redirect_stdout(io.StringIO()) as printed:
        scale = ["--people", "150", "--measures", MEASURES]
        assert run_command(["demo", *scale, "--folder", str(folder), *more]) == 0
    return printed.getvalue()


def _reports(folder: Path, run: str) -> dict[str, bytes]:
    root = folder / "data" / "runs" / run / "reports"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.json")}


def test_every_report_is_at_the_second_server_and_every_count_is_as_the_sandbox_knew(demo: Twice) -> None:
    found = demo.first

    assert found["differing"] == 0
    assert found["cells"] > 20_000
    assert found["target_reports"] == 5 * 15 * 2  # measures, organisations, periods
    assert len(found["periods"]) == 2
    assert len(found["run"]["reports"]) == found["run"]["published"]["sent"] == found["target_reports"] // 2


def test_the_second_time_is_another_run_with_the_same_reports(demo: Twice) -> None:
    _, latest, _, again, _ = sorted(path.name for path in (demo.folder / "data" / "runs").glob("*-*"))

    assert latest == demo.first["run"]["run"]
    assert _reports(demo.folder, again) == demo.first_files
    assert len(list((demo.folder / "data" / "evaluations").iterdir())) == 3


def test_a_subscriber_is_told_of_each_report_of_its_board_and_then_of_what_one_correction_changed(demo: Twice) -> None:
    found = demo.first

    assert (found["first"]["differing"], found["again"]["differing"]) == (0, 0)
    assert 100 < found["first"]["events"] == found["first"]["held"] == found["target_reports"]
    assert found["correction"]["was"] > found["correction"]["is_now"]
    assert 0 < found["again"]["events"] == found["changed"] < found["target_reports"] // 2
    assert found["again"]["held"] == found["first"]["held"]


def test_each_name_in_what_was_released_is_served(demo: Twice, tmp_path: Path) -> None:
    config = Config(data_dir=demo.folder / "data")
    base = config.canonical_base.rstrip("/")
    store = open_store(config.store_place)
    try:
        service = whole_service(store, tmp_path, base, reader=Reader("icb"))
        names = {name for text in demo.first_files.values() for name in names_of_ours(json.loads(text), base)}

        assert len(names) > 25
        assert [name for name in sorted(names) if resolved(service, name, base) is None] == []
    finally:
        store.close()


def test_a_page_of_the_board_has_both_periods_and_all_twelve_practices(demo: Twice) -> None:
    store, shown = (
        open_store(Config(data_dir=demo.folder / "data").store_place),
        [demo.first["measure"], *MEASURES.split(",")],
    )
    try:
        shelf = Shelf(store)
        with shelf.opened(Reader("icb")) as opened:
            kinds = Counter(one.kind for one in opened.areas())
            rows = opened.table(demo.first["board_code"], None, measures=shown).rows
        trends = [trend(shelf.measures[one], [row for row in rows if row.measure == one]) for one in shown]
    finally:
        store.close()

    assert kinds == {"icb": 1, "pcn": 2, "practice": 12}
    assert {tuple(str(point.period.end) for point in points) for points in trends} == {("2024-12-31", "2025-03-31")}
    assert any(now.is_joined for _, now in trends)


def test_what_it_prints_can_be_read_by_a_person(demo: Twice) -> None:
    assert "Smoking status recorded: " in demo.printed
    assert "masked" in demo.printed
    assert "agree with the sandbox's own" in demo.printed
    assert "Then one record was corrected" in demo.printed
    assert f"hi-fhir serve --data-dir {demo.folder / 'data'}" in demo.printed
    assert f"http://127.0.0.1:8765/areas/{demo.first['board_code']}/measures/{demo.first['measure']}" in demo.printed


def test_the_key_lies_outside_the_data_folder_and_the_received_lines_are_gone(demo: Twice) -> None:
    assert (demo.folder / "subscriber" / "private.json").stat().st_mode & 0o077 == 0
    assert (demo.folder / "identity.key").stat().st_mode & 0o077 == 0
    assert not list((demo.folder / "data").rglob("*.key"))
    assert not list((demo.folder / "data").rglob("*.zst"))
