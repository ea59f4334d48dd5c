"""What every server was sent is counted, of a file without SQLAlchemy."""

from pathlib import Path

from hi_fhir.core.config import Config
from hi_fhir.store import deliveries
from hi_fhir.store.delivery_counts import delivery_counts
from hi_fhir.store.migrating import migrate
from hi_fhir.store.session import Store, look_at
from tests.support.released import CLOCK, release

HERE, ELSEWHERE = "http://example.invalid/fhir", "http://elsewhere.invalid/fhir"


def place(store_url: str) -> Path | str:
    """Of a store, as the settings say it."""
    return Config(store_url=store_url).store_place


def test_the_newest_try_of_each_report_counts(store: Store, store_url: str) -> None:
    first, second, third, _ = release(store).reports
    tries = [(first, HERE, "failed"), (second, HERE, "failed"), (first, HERE, "sent"), (third, ELSEWHERE, "sent")]
    with store.write() as session:
        for report, target, status in tries:
            tried = deliveries.Delivered(report.identifier, report.version, target, status)
            deliveries.record_delivery(session, tried, CLOCK.at)

    assert delivery_counts(place(store_url)) == [
        (ELSEWHERE, "icb", "sent", 1),
        (HERE, "icb", "failed", 1),
        (HERE, "icb", "sent", 1),
    ]


def test_a_store_that_was_not_migrated_yet_is_counted_as_it_is(unmigrated_url: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert delivery_counts(place(unmigrated_url)) == []

    with look_at(unmigrated_url) as store, store.write() as session:
        migrate(session.connection(), "0005")

    assert delivery_counts(place(unmigrated_url)) == []


def test_looking_makes_no_file_and_no_table(tmp_path: Path) -> None:
    file = tmp_path / "a store.sqlite"
    assert delivery_counts(file) == []
    assert not file.exists()

    file.touch()
    assert delivery_counts(file) == []
    assert file.stat().st_size == 0
