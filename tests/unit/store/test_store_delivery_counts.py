"""What every server was sent is counted without SQLAlchemy."""

from pathlib import Path

from hi_fhir.store import deliveries
from hi_fhir.store.delivery_counts import delivery_counts
from hi_fhir.store.session import open_store
from tests.support.released import CLOCK, release

HERE, ELSEWHERE = "http://example.invalid/fhir", "http://elsewhere.invalid/fhir"


def test_the_newest_try_of_each_report_counts(tmp_path: Path) -> None:
    file = tmp_path / "hi_fhir.sqlite"
    store = open_store(file)
    first, second, third, _ = release(store).reports
    tries = [(first, HERE, "failed"), (second, HERE, "failed"), (first, HERE, "sent"), (third, ELSEWHERE, "sent")]
    with store.write() as session:
        for report, target, status in tries:
            tried = deliveries.Delivered(report.identifier, report.version, target, status)
            deliveries.record_delivery(session, tried, CLOCK.at)

    counted = delivery_counts(file)
    store.close()

    assert counted == [(ELSEWHERE, "icb", "sent", 1), (HERE, "icb", "failed", 1), (HERE, "icb", "sent", 1)]


def test_looking_makes_no_file_and_no_table(tmp_path: Path) -> None:
    file = tmp_path / "a store.sqlite"
    assert delivery_counts(file) == []
    assert not file.exists()

    file.touch()
    assert delivery_counts(file) == []
    assert file.stat().st_size == 0
