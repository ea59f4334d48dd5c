"""A data folder that a release left is opened by this one: each command works, or says by name what makes it anew."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hi_fhir.core.clock import FixedClock
from hi_fhir.pipeline import history
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from tests.support.cli import Ran, hi_fhir, settings
from tests.support.data_folder import MEASURES, SOURCE, unpack

PERIOD = "2024-04-01..2025-03-31"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with settings(monkeypatch, tmp_path):
        yield unpack(tmp_path)


def works_or_says(ran: Ran, again: str) -> bool:
    """Whether it worked; where it did not, that it was refused for want of `again` and not by a fault."""
    assert ran.code == 0 or (ran.code == 2 and again in ran.err), ran.err
    return ran.code == 0


def test_its_runs_evaluations_and_what_was_published_are_told(data_dir: Path) -> None:
    told, shown = hi_fhir("status", "--json"), hi_fhir("status")

    assert (told.code, shown.code) == (0, 0)
    assert [run["state"] for run in told.json["runs"]] == ["done"]
    assert [one["measures"] for one in told.json["evaluations"]] == [list(MEASURES)]
    assert {"Patient"} < set(told.json["runs"][0]["reconciliation"][SOURCE])
    assert "out_of_scope" in told.json["runs"][0]["reconciliation"][SOURCE]["Patient"]
    assert "registered" in shown.out or "Its counts cannot be shown" in shown.out


def test_its_evaluation_is_reported_or_refused_by_name(data_dir: Path) -> None:
    for audience in ("icb", "public"):
        if works_or_says(hi_fhir("report", "--audience", audience), "hi-fhir evaluate"):
            [run] = (data_dir / "runs").iterdir()
            assert len(list((run / "reports" / audience).glob(f"*/{MEASURES[0]}.json"))) > 1


def test_its_snapshot_is_evaluated_or_refused_by_name(data_dir: Path) -> None:
    works_or_says(hi_fhir("evaluate", "--period", PERIOD, "--measures", ",".join(MEASURES)), "hi-fhir flatten")


@pytest.mark.slow
def test_its_lines_are_flattened_evaluated_and_reported_by_whatever_version(data_dir: Path) -> None:
    assert hi_fhir("flatten").code == 0
    evaluated = hi_fhir("evaluate", "--period", PERIOD, "--measures", ",".join(MEASURES), "--json")

    assert evaluated.code == 0
    assert evaluated.json["people"]["registered"] > 0
    assert history.latest_evaluation(data_dir).name == evaluated.json["id"]
    assert hi_fhir("report", "--audience", "pcn").code == 0


def test_its_reports_are_served(data_dir: Path) -> None:
    store = open_store(f"sqlite:///{data_dir / 'hi_fhir.sqlite'}")
    client = create_app(store, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), everyone_is(Reader("icb"))).test_client()

    found = client.get("/fhir/MeasureReport?_count=200").get_json()
    [own] = [link["url"] for link in found["link"] if link["relation"] == "self"]

    assert found["total"] >= len(found["entry"]) > len(MEASURES)
    assert own.endswith("_count=20"), "the largest page"
    assert {client.get(f"/fhir/MeasureReport/{one['resource']['id']}").status_code for one in found["entry"]} == {200}
    store.close()


def test_its_quarantine_is_told(data_dir: Path) -> None:
    assert hi_fhir("quarantine", "--source", SOURCE).code == 0
