"""A real HAPI as a subscriber, by R4's own form: it holds the same reports afterwards, corrections too."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store import subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import open_store
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.hapi import Hapi
from tests.support.released import CLOCK, release
from tests.support.subscribing import TOPIC, HandClock, classic

pytestmark = pytest.mark.real

BASE = "https://numbers.example/fhir"
LOOPBACK = Guard((ip_network("127.0.0.0/8"),), plain_http=True)
PLACES = [("A99091", "U99091", "QX9")]


def test_hapi_holds_what_was_released_and_what_was_corrected(target: Hapi, tmp_path: Path) -> None:
    store, clock, seal = open_store(tmp_path / "store.sqlite"), HandClock(CLOCK.at), load_seal(tmp_path / "key")
    everyone = everyone_is(Reader("icb"))
    views = SubscriptionViews(store, clock, everyone, seal, LOOPBACK, BASE, TOPIC)
    client = create_app(store, clock, everyone, subscriptions=views).test_client()
    attendant = Attendant(store, clock, seal, Sender(LOOPBACK), Terms(BASE, TOPIC))
    asked = classic(target.base_url)
    asked["channel"]["extension"] = [{"url": guide.TIMEOUT, "valueUnsignedInt": 60}]
    made = client.post("/fhir/Subscription", json=asked)
    path = f"/fhir/Subscription/{made.json['id']}"

    for count in (100, 200):
        release(store, reporters=["A99091"], count=count, memberships=PLACES)
        with store.read() as session:
            due = subscriptions.due(session, clock.now(), 10)
        for id_, _ in due:
            while attendant.attend(id_):
                pass

        assert client.get(path).json["status"] == "active", client.get(path).json
        ours = {one["resource"]["id"]: one["resource"] for one in client.get("/fhir/MeasureReport").json["entry"]}
        theirs = {one["id"]: one for one in target.search("MeasureReport") if one["id"] in ours}
        assert len(theirs) == len(ours) == 2
        for id_, report in ours.items():
            assert without_meta(theirs[id_]) == without_meta(report)
    assert theirs[id_]["meta"]["versionId"] == "2"
    store.close()


def without_meta(resource: dict) -> dict:
    return {name: value for name, value in resource.items() if name != "meta"}
