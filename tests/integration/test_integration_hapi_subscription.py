"""A real HAPI by R4's own form of Subscriptions: as a subscriber of ours, and as what tells the how-to's receiver.

Either holds the same reports afterwards, corrections too.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest
import requests

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store import subscriptions
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.hapi import Hapi
from tests.support.killed_subscriber import until
from tests.support.noting_receiver import RECEIVER
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


def test_the_receiver_of_the_how_to_holds_what_hapi_tells_it(target: Hapi, tmp_path: Path) -> None:
    """What it was told while it was down comes afterwards."""
    store, folder = open_store(tmp_path / "store.sqlite"), tmp_path / "received"
    folder.mkdir()
    with receiving(folder) as endpoint:
        asked = classic(endpoint.rstrip("/"), "MeasureReport?status=complete")
        made = requests.post(f"{target.base_url}/Subscription", json=asked, timeout=60)
        made.raise_for_status()
        path = f"Subscription/{made.json()['id']}"
        until(lambda: target.get(path)["status"] == "active", 60)
        told = loaded(target, store, 100)
        until(lambda: held(folder) == told, 60)
        told = loaded(target, store, 200)
        until(lambda: held(folder) == told, 60)
    told = loaded(target, store, 300)
    time.sleep(1)
    assert held(folder) != told

    with receiving(folder, int(endpoint.rstrip("/").rpartition(":")[2])):
        until(lambda: held(folder) == told, 60)

    requests.delete(f"{target.base_url}/{path}", timeout=60).raise_for_status()
    store.close()


def loaded(target: Hapi, store: Store, count: int) -> dict[str, dict]:
    """Reports that were released and are put into HAPI, by id."""
    release(store, reporters=["A99092"], count=count, memberships=[("A99092", "U99092", "QX8")])
    service = create_app(store, CLOCK, everyone_is(Reader("icb"))).test_client()
    by_type = [service.get(f"/fhir/{type_}").json["entry"] for type_ in ("Organization", "MeasureReport")]
    organisations, reports = ([one["resource"] for one in found] for found in by_type)
    target.load(organisations)
    target.load(reports)
    return {one["id"]: without_meta(one) for one in reports}


@contextmanager
def receiving(folder: Path, port: int = 0) -> Iterator[str]:
    """The receiver as a process, which is killed in the end; its address."""
    command = [sys.executable, str(RECEIVER), str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def held(folder: Path) -> dict[str, dict]:
    found = {path.stem: path.read_bytes() for path in folder.glob("mr-*.json")}
    return {id_: without_meta(orjson.loads(content)) for id_, content in found.items()}


def without_meta(resource: dict) -> dict:
    return {name: value for name, value in resource.items() if name != "meta"}
