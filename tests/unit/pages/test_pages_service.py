"""Who runs the service sees its state on a page: what was released, sent, told and refused, for whomever it was."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from hi_fhir.core.audiences import Audience
from hi_fhir.store import subscriptions
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, keep_event
from hi_fhir.store.criteria import Reader
from hi_fhir.store.current import current_reports
from hi_fhir.store.deliveries import Delivered, record_delivery
from hi_fhir.store.session import Store
from hi_fhir.store.subscriptions import NewSubscription
from tests.support.paging import CLOCK, PageText
from tests.support.visiting import guarded_site, register_people, release_for_all, somebody

AT = CLOCK.now()
TARGET = "http://elsewhere.example/fhir"
SAID_AT = "3 May 2025, 00:00 UTC"


@pytest.fixture
def served(tmp_path: Path, store: Store) -> Store:
    release_for_all(tmp_path, store)
    register_people(store)
    return store


def service(store: Store) -> PageText:
    response = somebody(guarded_site(store), "operator").http.get("/service")
    assert response.status_code == 200, response.text
    return PageText(response.text)


def test_releases_are_told_for_every_audience_with_how_many_versions(served: Store) -> None:
    with served.read() as session:
        there = {audience: len(current_reports(session, audience)) for audience in Audience}
    found = {row[2]: row[4] for row in service(served).rows if row[0] == SAID_AT}
    assert found == {str(audience): str(reports) for audience, reports in there.items()}


def test_the_newest_try_of_each_report_is_told(served: Store) -> None:
    with served.write() as session:
        one, other, *_ = current_reports(session, Audience.ICB)
        for report, status in ((one, "failed"), (one, "sent"), (other, "failed")):
            record_delivery(session, Delivered(report.identifier, report.version, TARGET, status), AT)
    sent = [row for row in service(served).rows if row[0] == TARGET]
    assert sent == [[TARGET, "failed", "1", SAID_AT], [TARGET, "sent", "1", SAID_AT]]


def test_subscribers_are_everybodys_and_no_secret_part_of_an_address_is_told(served: Store) -> None:
    with served.write() as session:
        for number, reader in enumerate((Reader(Audience.ICB, {"QZ1"}), Reader(Audience.PCN, {"U99001"}))):
            content = orjson.dumps({"channel": {"endpoint": f"https://one-{number}.example/secret-path"}}).decode()
            subscriptions.add(session, NewSubscription(str(number), reader, content, b"", "active", AT), AT)
    page = service(served)
    assert {row[0] for row in page.rows if row[0].endswith(".example")} == {"one-0.example", "one-1.example"}
    assert "secret-path" not in page.text


def test_refusals_of_the_last_days_are_counted_by_reason(served: Store) -> None:
    assert "Nobody was refused anything" in service(served).text
    refused = AuditNote(AuditOutcome.REFUSED, AuditReason.NO_TOKEN, peer="192.0.2.7")
    with served.write() as session:
        for before in (timedelta(), timedelta(days=1), timedelta(days=30)):
            keep_event(session, refused, AT - before)
        keep_event(session, AuditNote(AuditOutcome.SHOWN, AuditReason.PERSON_LEVEL, user_name="elm"), AT)
    page = service(served)
    assert ["no token", "2", SAID_AT] in page.rows
    assert "person level" not in page.text
    assert "192.0.2.7" not in page.text


def test_it_is_linked_for_an_operator_alone_and_there_without_a_release(store: Store) -> None:
    register_people(store)
    assert "Nothing was released" in service(store).text
    app = guarded_site(store)
    linked = {name: "/service" in somebody(app, name).http.get("/").text for name in ("operator", "icb")}
    assert linked == {"operator": True, "icb": False}
