"""What became of the data: quarantine, releases, withdrawals, deliveries and subscribers, each to whom it concerns."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.retract import retract
from hi_fhir.store import subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import current_reports
from hi_fhir.store.deliveries import Delivered, record_delivery
from hi_fhir.store.notices import Notice
from hi_fhir.store.session import Store
from hi_fhir.store.subscriptions import NewSubscription
from hi_fhir.store.withdrawing import ReportChoice
from tests.support.paging import CLOCK, PageText, release_for_pages, site

MEASURES = ("ethnicity-recorded", "smoking-status-recorded")
AREA = "U99001"
BOARD = frozenset({"QZ1"})
AT = datetime(2025, 5, 4, 12, tzinfo=UTC)
TARGET = "http://elsewhere.example/fhir"


@pytest.fixture
def folder(tmp_path: Path, store: Store) -> Path:
    release_for_pages(tmp_path, store, MEASURES)
    return tmp_path


def about(store: Store, reader: Reader, code: str = AREA) -> str:
    response = site(store, reader).get(f"/areas/{code}/about")
    assert response.status_code == 200, response.text
    return " ".join(PageText(response.text).text.split())


def rows(store: Store, reader: Reader) -> list[list[str]]:
    return PageText(site(store, reader).get(f"/areas/{AREA}/about").text).rows


def subscribe(store: Store, id_: str, reader: Reader, host: str) -> None:
    content = orjson.dumps({"channel": {"endpoint": f"https://{host}/secret-path"}}).decode()
    with store.write() as session:
        row = subscriptions.add(session, NewSubscription(id_, reader, content, b"", "active", AT), AT)
        row.last_number, row.acknowledged, row.error = 5, 2, "answered 503"


def test_quarantine_is_told_by_reason_for_all_measures(folder: Path, store: Store) -> None:
    found = rows(store, Reader(Audience.ICB))
    assert ["Observation: bad date", "10"] in found  # which the first measure, of ethnicity, does not read
    assert ["Observation: not json", "masked"] in found


def test_days_are_told_in_words(folder: Path, store: Store) -> None:
    found = rows(store, Reader(Audience.ICB))
    assert ["main", "2 April 2025"] in found
    assert ["Reference date", "31 March 2025"] in found
    assert ["Most that may be lost of a source's records of a type", "5.0%"] in found


def test_what_a_refused_record_says_is_nowhere_and_a_practice_is_told_where_it_is(folder: Path, store: Store) -> None:
    assert "is shown to their practice alone" in about(store, Reader(Audience.ICB))
    release_for_pages(folder, store, MEASURES, Audience.PRACTICE)
    assert "hi-fhir quarantine --raw" in about(store, Reader(Audience.PRACTICE, {"A99001"}), "A99001")


@pytest.mark.parametrize("audience", list(Audience))
def test_each_audience_is_told_that_records_reconcile(folder: Path, store: Store, audience: Audience) -> None:
    release_for_pages(folder, store, MEASURES, audience)
    own = {"A99001"} if audience == Audience.PRACTICE else None
    told = about(store, Reader(audience, own), "A99001" if own else AREA)
    assert "A run where this does not add up" in told
    assert "hi-fhir status" in told
    found = PageText(site(store, Reader(audience, own)).get(f"/areas/{'A99001' if own else AREA}/about").text)
    assert not {"received", "superseded", "out of scope", "kept"} & {cell.lower() for row in found.rows for cell in row}


def test_a_release_and_a_withdrawal_are_told_with_reason(folder: Path, store: Store) -> None:
    board = Reader(Audience.ICB)
    assert "Nothing was withdrawn" in about(store, board)
    choice = ReportChoice(measure=MEASURES[0], reporter=AREA, audience=Audience.ICB)
    notice = Notice("Practice <A> sent its people twice", "Dr Okafor")
    retract(RunContext(Config(data_dir=folder), CLOCK, opened=store), choice, notice)
    told = about(store, board)
    assert "Ethnicity recorded, 1 April 2024 to 31 March 2025, withdrawn. Reason: Practice <A> sent" in told
    assert ["3 May 2025, 00:00 UTC", "1 April 2024 to 31 March 2025", "2", "0", "icb-suppressed 7"] in rows(
        store, board
    )
    assert "Practice <A>" not in about(store, board, "QZ1")


def test_a_delivery_says_what_was_taken_what_failed_and_what_is_to_be_sent(folder: Path, store: Store) -> None:
    with store.write() as session:
        one, other = current_reports(session, Audience.ICB, reporters=[AREA])
        for report, status in ((one, "failed"), (one, "sent"), (other, "failed")):
            tried = Delivered(report.identifier, report.version, TARGET, status, outcome=f"{status} of course")
            record_delivery(session, tried, AT)
    board = Reader(Audience.ICB)
    assert [TARGET, "1", "1", "0", "4 May 2025, 12:00 UTC", "failed of course"] in rows(store, board)
    assert "were sent to no other server" in about(store, board, "QZ1")
    release_for_pages(folder, store, MEASURES, seed=2)
    assert [TARGET, "0", "1", "1", "4 May 2025, 12:00 UTC", "failed of course"] in rows(store, board)


def test_subscribers_are_those_of_the_readers_organisations(folder: Path, store: Store) -> None:
    subscribe(store, "1", Reader(Audience.ICB, BOARD), "board.example")
    subscribe(store, "2", Reader(Audience.ICB, {"QZ2"}), "other.example")
    subscribe(store, "3", Reader(Audience.ICB), "every.example")
    subscribe(store, "4", Reader(Audience.PCN, BOARD), "network.example")
    found = {row[0]: row[1:] for row in rows(store, Reader(Audience.ICB, BOARD)) if row[0].endswith(".example")}
    assert found == {"board.example": ["QZ1", "active", "3", "answered 503", "4 May 2025, 12:00 UTC"]}
    everybody = about(store, Reader(Audience.ICB))
    assert all(f"{name}.example" in everybody for name in ("board", "other", "every"))
    assert "network.example" not in everybody
    assert "secret-path" not in everybody
