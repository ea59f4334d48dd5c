"""What is asked of a Subscription and not offered is refused, by name, and nothing of it is kept."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.subscriptions import guide
from hi_fhir.web.app import create_app
from hi_fhir.web.readers import everyone_is
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import CLOCK
from tests.support.subscribing import TOPIC, classic, subscription

HOOK = "https://icb.example/hook"


@pytest.fixture(scope="module")
def client(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder: Path = tmp_path_factory.mktemp("keys")
    store, everyone = module_store, everyone_is(Reader("icb"))
    base = "https://numbers.example/fhir"
    views = SubscriptionViews(store, CLOCK, everyone, load_seal(folder / "sealing.key"), Guard(), base, TOPIC)
    return create_app(store, CLOCK, everyone, subscriptions=views).test_client()


def changed(path: str, value: object) -> dict:
    """A Subscription that would do but for the element at a dotted path. value None: without it."""
    resource = subscription(HOOK, filters=["status=complete"], heartbeat=60)
    *way, last = path.split(".")
    holder = resource
    for name in way:
        holder = holder[int(name)] if isinstance(holder, list) else holder[name]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return resource


ANOTHER = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
REFUSED = {
    "another topic": changed("criteria", "https://elsewhere.example/SubscriptionTopic/x"),
    "no criteria": changed("criteria", None),
    "criteria of another type": changed("criteria", "Patient?name=x"),
    "criteria that are a number": changed("criteria", 7),
    "a filter of another type": subscription(HOOK, filters=["Patient?name=x"]),
    "a filter by what is not offered": subscription(HOOK, filters=["MeasureReport?patient=Patient/1"]),
    "a filter that is no date": subscription(HOOK, filters=["period=yesterday"]),
    "a filter by another extension": changed(
        "_criteria.extension", [{"url": ANOTHER, "valueString": "status=complete"}]
    ),
    "filters that are no list": changed("_criteria.extension", "x"),
    "a filter of a thousand values": subscription(HOOK, filters=["status=" + ",".join(["complete"] * 1200)]),
    "a thousand filters": subscription(HOOK, filters=["status=complete"] * 1200),
    "an end beyond the calendar": {**subscription(HOOK), "end": "9999-12-31T23:59:59-14:00"},
    "no channel": changed("channel", None),
    "another channel": changed("channel.type", "websocket"),
    "a channel of one's own": changed("channel._type", {"extension": []}),
    "no endpoint": changed("channel.endpoint", None),
    "an endpoint that is no URL": changed("channel.endpoint", "not a url"),
    "an endpoint by plain http": changed("channel.endpoint", "http://icb.example/hook"),
    "an endpoint with a password": changed("channel.endpoint", "https://u:p@icb.example/hook"),
    "an endpoint of another scheme": changed("channel.endpoint", "file:///etc/passwd"),
    "an endpoint with a line break": changed("channel.endpoint", "https://icb.example/\r\nx"),
    "an endpoint without an end": changed("channel.endpoint", f"https://icb.example/{'x' * 3000}"),
    "another payload": changed("channel.payload", "application/fhir+xml"),
    "a payload of R5": changed("channel.payload", "application/fhir+json; fhirVersion=5.0"),
    "no payload": changed("channel.payload", None),
    "another content": changed("channel._payload.extension.0.valueCode", "everything"),
    "no content": changed("channel._payload", None),
    "a header that is none": changed("channel.header", ["no colon"]),
    "a header in two lines": changed("channel.header", ["X-A: b\r\nX-C: d"]),
    "a header of the sender's": changed("channel.header", ["Host: elsewhere"]),
    "headers that are no list": changed("channel.header", "X-A: b"),
    "a hundred headers": changed("channel.header", ["X-A: b"] * 100),
    "a heartbeat of no time": changed("channel.extension.0.valueUnsignedInt", 0),
    "a heartbeat that is text": changed("channel.extension.0.valueUnsignedInt", "60"),
    "a heartbeat twice": changed("channel.extension", [{"url": guide.HEARTBEAT, "valueUnsignedInt": 60}] * 2),
    "a timeout of hours": subscription(HOOK, timeout=7200),
    "an end that is over": {**subscription(HOOK), "end": "2020-01-01T00:00:00Z"},
    "an end that is a day": {**subscription(HOOK), "end": "2030-01-01"},
    "an end in the 13th month": {**subscription(HOOK), "end": "2030-13-01T00:00:00Z"},
    "a status of the server's": {**subscription(HOOK), "status": "error"},
    "an active one": {**subscription(HOOK), "status": "active"},
    "R4's own form by another search": classic(HOOK, "MeasureReport?patient=Patient/1"),
    "R4's own form as XML": classic(HOOK, payload="application/fhir+xml"),
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_offered_is_refused(client, sent):
    answer = client.post("/fhir/Subscription", json=sent)

    assert answer.status_code == 422, answer.json
    assert answer.json["resourceType"] == "OperationOutcome"
    assert client.get("/fhir/Subscription").json["total"] == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"resourceType":"Patient"}', b'{"resourceType":"Subscription"', b"\xff"]
)
def test_what_is_no_subscription_is_refused(client, body):
    answer = client.post("/fhir/Subscription", data=body, content_type="application/fhir+json")
    assert (answer.status_code, answer.json["issue"][0]["code"]) == (400, "structure")


def test_another_content_type_is_refused(client):
    assert client.post("/fhir/Subscription", data=b"<x/>", content_type="application/fhir+xml").status_code == 415


def test_what_would_do_is_taken(client):
    answer = client.post("/fhir/Subscription", json=changed("reason", "As it is."))
    assert (answer.status_code, answer.json["channel"]["endpoint"]) == (201, HOOK)
    assert client.delete(f"/fhir/Subscription/{answer.json['id']}").status_code == 204


@pytest.mark.parametrize(
    ("prefer", "type_"),
    [
        ("", "Subscription"),
        ("return=representation", "Subscription"),
        ("return=minimal", None),
        ("handling=strict; return=OperationOutcome", "OperationOutcome"),
        ("return=everything", "Subscription"),
    ],
)
def test_what_was_written_comes_back_as_preferred(client, prefer, type_):
    sent = subscription(HOOK)
    made = client.post("/fhir/Subscription", json=sent, headers={"Prefer": prefer})
    id_ = made.headers["Location"].split("/Subscription/")[1].partition("/")[0]
    again = client.put(
        f"/fhir/Subscription/{id_}", json={**sent, "id": id_, "status": "off"}, headers={"Prefer": prefer}
    )

    assert (made.status_code, again.status_code) == (201, 200)
    assert (made.headers["ETag"], again.headers["ETag"]) == ('W/"1"', 'W/"2"')
    for answer in (made, again):
        told = answer.json["resourceType"] if answer.data else None
        assert told == type_
        if told == "OperationOutcome":
            assert answer.json["issue"][0]["severity"] == "information"
    assert client.delete(f"/fhir/Subscription/{id_}").status_code == 204
