"""Notes of refusals on their way to the store: what is one row, what overflows, and what is lost when."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from hi_fhir.access.trail import AuditTrail
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, find_events
from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.criteria import AuditCriteria
from hi_fhir.store.session import Store
from tests.support.released import CLOCK
from tests.support.subscribing import HandClock

NOTE = AuditNote(AuditOutcome.REFUSED, AuditReason.NO_TOKEN, peer="192.0.2.1", route="/fhir/<type:type_>")
OF_CLIENT = AuditNote(AuditOutcome.REFUSED, AuditReason.NOT_FOUND, client_id="c", organisation="QX1", audience="icb")
ROWS = 60


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.at)


@pytest.fixture
def trail(fresh_store: Store, clock: HandClock) -> AuditTrail:
    return AuditTrail(fresh_store, clock, timedelta(days=1))


def kept(store: Store) -> Sequence[AuditEventRow]:
    with store.read() as session:
        return find_events(session, AuditCriteria(), 1_000).rows


def test_the_same_within_a_minute_is_one_event_whenever_it_is_written(fresh_store, clock, trail):
    trail.note(NOTE)
    trail.write()
    clock.go_on(seconds=30)
    trail.note(NOTE)
    trail.note(NOTE)
    trail.write()
    clock.go_on(seconds=30)
    trail.note(NOTE)
    trail.write()

    first, second = kept(fresh_store)
    assert (first.times, first.last_at - first.recorded_at) == (3, timedelta(seconds=30))
    assert (second.times, second.recorded_at) == (1, CLOCK.at + timedelta(minutes=1))
    assert (first.peer, first.route, first.client_id) == ("192.0.2.1", "/fhir/<type:type_>", None)


def test_who_is_nobody_and_each_client_make_so_many_rows_a_minute_and_one_that_counts_the_rest(
    fresh_store, clock, trail
):
    for number in range(ROWS + 40):
        trail.note(replace(NOTE, peer=f"192.0.2.{number}"))
        trail.note(replace(OF_CLIENT, resource_id=f"mr-{number}"))
    trail.note(replace(NOTE, peer="192.0.2.7"))  # which has a row
    trail.note(replace(OF_CLIENT, client_id="d"))  # and another client is not held back by these
    trail.write()

    rows = kept(fresh_store)
    overflow = [row for row in rows if row.outcome == AuditOutcome.OVERFLOW]
    assert {(row.client_id, row.organisation): row.times for row in overflow} == {(None, None): 40, ("c", "QX1"): 40}
    assert sum(row.times for row in rows) == 2 * (ROWS + 40) + 2
    assert len(rows) == 2 * (ROWS + 1) + 1
    assert [row.times for row in rows if row.peer == "192.0.2.7"] == [2]

    clock.go_on(minutes=1)
    trail.note(replace(NOTE, peer="192.0.2.99"))
    trail.write()
    assert kept(fresh_store)[-1].peer == "192.0.2.99"


def test_what_the_store_does_not_take_waits_for_the_next_time(fresh_store, trail, monkeypatch, caplog):
    def fails(*_):
        raise OperationalError("INSERT", {}, Exception("locked"))

    trail.note(NOTE)
    with monkeypatch.context() as patch:
        patch.setattr(trail, "_keep", fails)
        trail.write()
    trail.note(NOTE)
    trail.write()

    assert "they wait" in caplog.text
    assert [row.times for row in kept(fresh_store)] == [2]


def test_while_the_store_takes_nothing_the_memory_that_is_taken_has_an_end(fresh_store, clock, trail, monkeypatch):
    monkeypatch.setattr("hi_fhir.access.trail._WAITING", 100)
    monkeypatch.setattr(trail, "_keep", lambda *_: pytest.fail("it is written"))
    for minute in range(20):
        for number in range(50):
            trail.note(replace(NOTE, peer=f"192.0.2.{number}", reason=list(AuditReason)[minute % 5]))
        clock.go_on(minutes=1)
    waiting = [*trail._waiting.values()]

    assert len(waiting) < 100 + 20
    assert sum(one.times for one in waiting) == 20 * 50


def test_what_was_noted_is_written_by_the_thread_and_when_it_is_stopped(fresh_store, clock, monkeypatch):
    monkeypatch.setattr("hi_fhir.access.trail._WRITE_S", 0.01)
    trail = AuditTrail(fresh_store, clock, timedelta(days=1))
    trail.start()
    trail.note(NOTE)
    waits = threading.Event()
    while not kept(fresh_store):
        assert not waits.wait(0.01)
    trail.note(OF_CLIENT)
    trail.stop()

    assert [row.reason for row in kept(fresh_store)] == ["no-token", "not-found"]


def test_several_threads_lose_no_note(fresh_store, trail):
    def notes(number: int) -> None:
        for _ in range(200):
            trail.note(replace(NOTE, peer=f"192.0.2.{number}"))
            trail.note(NOTE)

    threads = [threading.Thread(target=notes, args=(number,)) for number in range(10, 14)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        trail.write()
    for thread in threads:
        thread.join()
    trail.write()

    assert sum(row.times for row in kept(fresh_store)) == 4 * 400
    assert len(kept(fresh_store)) == 5


def test_what_is_older_than_what_is_kept_is_forgotten_a_part_at_a_time(fresh_store, clock, trail, monkeypatch):
    monkeypatch.setattr("hi_fhir.store.audit_events._AT_ONCE", 2)
    for number in range(5):
        trail.note(replace(NOTE, peer=f"192.0.2.{number}"))
    trail.write()
    clock.go_on(hours=12)
    trail.note(NOTE)
    trail.write()
    clock.go_on(hours=12, seconds=1)
    newest = kept(fresh_store)[-1].id

    trail.forget()

    assert [(row.id, row.peer) for row in kept(fresh_store)] == [(newest, "192.0.2.1")]
    clock.go_on(days=2)
    trail.forget()
    trail.note(NOTE)
    trail.write()
    assert [row.id > newest for row in kept(fresh_store)] == [True]  # no id comes twice
