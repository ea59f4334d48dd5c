"""What `hi-fhir status` tells of runs and of what was published."""

from pathlib import Path

import orjson
import pytest

from hi_fhir.cli.main import run_command
from hi_fhir.core.config import Config
from hi_fhir.store.ledger import Delivered, record_delivery
from hi_fhir.store.session import open_store
from tests.support.released import CLOCK, release


def delivered(data_dir: Path) -> None:
    """A store in which two of four reports were sent, and one was refused."""
    store = open_store(Config(data_dir=data_dir).store_url)
    first, second, third, _ = release(store).reports
    with store.write() as session:
        for report, status in ((first, "sent"), (second, "sent"), (third, "failed")):
            made = Delivered(report.identifier, report.version, "http://example.invalid/fhir", status)
            record_delivery(session, made, CLOCK.at)
    store.close()


def test_status_tells_what_every_server_was_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delivered(tmp_path)

    assert run_command(["status", "--data-dir", str(tmp_path), "--json"]) == 0

    assert orjson.loads(capsys.readouterr().out) == {
        "runs": [],
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

    assert orjson.loads(capsys.readouterr().out) == {"runs": [], "deliveries": []}
    assert list(tmp_path.iterdir()) == []
