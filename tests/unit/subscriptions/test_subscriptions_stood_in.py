"""Threads that wait for subscribers who have just died are stood in for, so that nobody else waits for these."""

import threading
import time
from ipaddress import ip_network
from pathlib import Path

from hi_fhir.core.clock import SystemClock
from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.subscriptions.dispatching import Dispatcher
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.subscribing import TOPIC, subscription

LOOPBACK = Guard((ip_network("127.0.0.0/8"),), plain_http=True)
DEAD, LIVING = 20, 5


class Waiting:
    """Attends to the first rows for as long as they are dead, and to the others at once."""

    def __init__(self) -> None:
        self.over, self.attended = threading.Event(), set()

    def attend(self, id_: int) -> bool:
        if id_ <= DEAD:
            self.over.wait(30)
        self.attended.add(id_)
        return False


def test_who_lives_is_told_while_more_than_there_are_threads_have_just_died(tmp_path: Path) -> None:
    store: Store = open_store(tmp_path / "store.sqlite")
    everyone, clock = everyone_is(Reader("icb")), SystemClock()
    views = SubscriptionViews(store, clock, everyone, load_seal(tmp_path / "key"), LOOPBACK, "http://x.example", TOPIC)
    client = create_app(store, clock, everyone, subscriptions=views).test_client()
    for _ in range(DEAD + LIVING):
        assert client.post("/fhir/Subscription", json=subscription("http://127.0.0.1:9/")).status_code == 201
    waiting = Waiting()
    dispatcher = Dispatcher(store, clock, waiting)
    dispatcher.start()
    try:
        end = time.monotonic() + 20
        while len(waiting.attended) < LIVING and time.monotonic() < end:
            time.sleep(0.05)

        assert waiting.attended == set(range(DEAD + 1, DEAD + LIVING + 1))
    finally:
        dispatcher.stop()
        waiting.over.set()
        store.close()


def test_nobody_looks_at_the_store_any_more_once_it_is_stopped(tmp_path: Path) -> None:
    store: Store = open_store(tmp_path / "store.sqlite")
    before = set(threading.enumerate())
    dispatcher = Dispatcher(store, SystemClock(), Waiting())
    dispatcher.start()
    begun = set(threading.enumerate()) - before
    dispatcher.stop()

    assert len(begun) > 10
    assert not any(thread.is_alive() for thread in begun)
    store.close()
