"""Two services on one store: each event is told once and in order, whichever of them tells it."""

import time
from ipaddress import ip_network
from pathlib import Path

from hi_fhir.core.clock import SystemClock
from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.dispatching import Dispatcher
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import release
from tests.support.subscribing import TOPIC, Endpoint, endpoint, subscription

BASE = "https://numbers.example/fhir"
LOOPBACK = Guard((ip_network("127.0.0.0/8"),), plain_http=True)


def test_two_services_on_one_store_tell_each_event_once_and_in_order(fresh_store: Store, tmp_path: Path) -> None:
    clock, seal, everyone = SystemClock(), load_seal(tmp_path / "sealing.key"), everyone_is(Reader("icb"))
    views = SubscriptionViews(fresh_store, clock, everyone, seal, LOOPBACK, BASE, TOPIC)
    client = create_app(fresh_store, clock, everyone, subscriptions=views).test_client()
    attendants = [Attendant(fresh_store, clock, seal, Sender(LOOPBACK), Terms(BASE, TOPIC)) for _ in range(2)]
    services = [Dispatcher(fresh_store, clock, attendant) for attendant in attendants]
    with endpoint() as hook:
        made = [client.post("/fhir/Subscription", json=subscription(hook.url, most=2)).json["id"] for _ in range(3)]
        for service in services:
            service.start()
        try:
            for count in range(101, 113):  # another version of two reports each time
                release(fresh_store, reporters=("A99001",), count=count)
            end = time.monotonic() + 60
            while any(len(numbers_told(hook, id_)) < 24 for id_ in made) and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            for service in services:
                service.stop()

        assert [numbers_told(hook, id_) for id_ in made] == [[*range(1, 25)]] * 3


def numbers_told(hook: Endpoint, id_: str) -> list[int]:
    calls = hook.told("event-notification")
    own = [one for one in calls if one.status["subscription"]["valueReference"]["reference"].endswith(id_)]
    return [number for one in own for number in one.numbers]
