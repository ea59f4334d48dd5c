"""What `hi-fhir status` tells of runs and of what was published."""

from datetime import date
from pathlib import Path

import orjson
import pytest

from hi_fhir.cli.main import run_command
from hi_fhir.cohorts.lists import ListComparison, ListGroup
from hi_fhir.core.config import Config
from hi_fhir.core.files import commit_json, owner_folder
from hi_fhir.store.deliveries import Delivered, record_delivery
from hi_fhir.store.session import open_store
from hi_fhir.tables.reconcile import Reconciliation
from tests.support.cli import hi_fhir
from tests.support.evaluations import write_evaluation
from tests.support.released import CLOCK, release


def delivered(data_dir: Path) -> None:
    """A store in which two of four reports were sent, and one was refused."""
    store = open_store(Config(data_dir=data_dir).store_place)
    first, second, third, _ = release(store).reports
    with store.write() as session:
        for report, status in ((first, "sent"), (second, "sent"), (third, "failed")):
            made = Delivered(report.identifier, report.version, "http://example.invalid/fhir", status)
            record_delivery(session, made, CLOCK.at)
    store.close()


RECEIVED = {**dict.fromkeys(Reconciliation.__struct_fields__, 0), "received": 3, "quarantined": 3}


def a_run_with_tables(data_dir: Path) -> Path:
    """A run whose only source was pulled and flattened; another pull of it was as well."""
    folder = data_dir / "runs" / "0001-a"
    home = data_dir / "sources" / "elm"
    plans = {folder: {"arguments": {"period": ["2024-04-01", "2025-03-31"], "audience": None}, "sequences": {"elm": 2}}}
    plans |= {home / "raw" / f"p{number}": {"sequence": number} for number in (1, 2)}
    for place, plan in plans.items():
        owner_folder(place)
        commit_json(place / "plan.json", plan)
    for pull, found in (("p1", {}), ("p2", {"Patient": RECEIVED})):
        snapshot = owner_folder(home / "snapshots" / f"of-{pull}") / "snapshot.json"
        commit_json(snapshot, {"id": pull, "kernel_version": 1, "pulls": [{"id": pull}], "reconciliation": found})
    return folder


def test_status_tells_what_every_server_was_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delivered(tmp_path)

    assert run_command(["status", "--data-dir", str(tmp_path), "--json"]) == 0

    assert orjson.loads(capsys.readouterr().out) == {
        "runs": [],
        "evaluations": [],
        "deliveries": [
            {"target": "http://example.invalid/fhir", "audience": "icb", "status": "failed", "reports": 1},
            {"target": "http://example.invalid/fhir", "audience": "icb", "status": "sent", "reports": 2},
        ],
    }


def test_status_prints_it_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delivered(tmp_path)

    assert run_command(["status", "--data-dir", str(tmp_path)]) == 0

    assert "http://example.invalid/fhir" in capsys.readouterr().out


def test_looking_makes_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["status", "--data-dir", str(tmp_path), "--json"]) == 0

    assert orjson.loads(capsys.readouterr().out) == {"runs": [], "evaluations": [], "deliveries": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "state", "shown"),
    [(None, "unfinished", "unfinished"), ({"state": "stopped", "kind": "GateError"}, "stopped", "stopped (GateError)")],
)
def test_a_run_that_is_not_done_is_told_of_with_the_records_that_it_has_received(
    tmp_path: Path, manifest: dict[str, str] | None, state: str, shown: str
) -> None:
    folder = a_run_with_tables(tmp_path)
    if manifest:
        commit_json(folder / "run.json", {"run": folder.name, **manifest})

    [run] = hi_fhir("status", "--data-dir", tmp_path, "--json").json["runs"]
    printed = hi_fhir("status", "--data-dir", tmp_path).out

    assert (run["state"], run["reconciliation"]) == (state, {"elm": {"Patient": RECEIVED}})
    assert shown in printed
    assert ["elm", "Patient", "0", "3", "0", "0", "0", "0", "3"] in [line.split() for line in printed.splitlines()]


def test_the_evaluations_that_a_report_can_be_made_of_are_listed(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "evaluations" / "e1", measures=["ethnicity-recorded"], people=1)

    assert hi_fhir("status", "--data-dir", tmp_path, "--json").json["evaluations"] == [
        {
            "evaluation": "e1",
            "period": ["2024-04-01", "2025-03-31"],
            "as_of": "2025-03-31",
            "data_date": "2025-04-02",
            "sources": ["main"],
            "measures": ["ethnicity-recorded"],
            "lists": None,
        }
    ]
    assert "e1" in hi_fhir("status", "--data-dir", tmp_path).out


@pytest.mark.parametrize(
    ("compared", "told"),
    [
        (
            ListComparison(
                date(2025, 4, 1),
                [
                    ListGroup("A99001", "all", "all", 980, 1_000),
                    ListGroup("A99001", "male", "20-24", 30, 20),
                    ListGroup("A99001", "male", "25-29", 20, 20),
                ],
                ["A99002"],
            ),
            (["lists of 2025-04-01", "-2.0%", "male 20-24", "+50.0%", "not-listed"], ["male 25-29"]),
        ),
        (ListComparison(None, [], []), (["No imported list of registered patients"], [])),
        (None, ([], ["registered patients", "Registered people"])),
    ],
)
def test_status_tells_where_lists_are_apart(
    tmp_path: Path, compared: ListComparison | None, told: tuple[list[str], list[str]]
) -> None:
    write_evaluation(tmp_path / "evaluations" / "e1", lists=compared)

    ran = hi_fhir("status", "--data-dir", tmp_path)

    assert ran.code == 0
    assert [text for text in told[0] if text not in ran.out] == []
    assert [text for text in told[1] if text in ran.out] == []
