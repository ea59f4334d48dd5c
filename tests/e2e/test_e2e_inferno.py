"""The assertions of Inferno's suite for servers of the R4 subscriptions backport, each by its name, of the command.

Source: subscriptions-test-kit, suite of subscriptions_backport R4 1.1.0. The numbers are those of our list of them.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from hi_fhir.fhir.resources import round_trip
from hi_fhir.store.session import open_store
from hi_fhir.subscriptions import guide
from tests.support.processes import environment, interrupt, start_hi_fhir
from tests.support.released import release
from tests.support.subscribing import TOPIC, Endpoint, Received, endpoint, subscription

pytestmark = pytest.mark.slow

CONTENTS = ("empty", "id-only", "full-resource")
HEADER = ("X-Inferno", "a: b, c")
WAIT_S = 30


@dataclass
class Told:
    """The service, who listens, and the Subscriptions of each content, as they were answered to their creation."""

    base: str
    hook: Endpoint
    created: dict[str, requests.Response]

    def id_of(self, name: str) -> str:
        return str(self.created[name].json()["id"])

    def calls(self, name: str, kind: str) -> list[Received]:
        return [one for one in self.hook.told(kind) if one.path.endswith(f"/{name}")]

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.base}/{path}", timeout=10)


def until(found: Callable[[], Any], seconds: float = WAIT_S) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.1)


def post(base: str, resource: dict[str, Any]) -> requests.Response:
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    return requests.post(f"{base}/Subscription", json=resource, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("inferno")
    store = open_store(folder / "hi_fhir.sqlite")
    env = environment(folder / "keys" / "identity.key", callback_networks="127.0.0.0/8", callback_http="true")
    log = folder / "serve.log"
    settings = {**env, "HI_FHIR_CANONICAL_BASE": TOPIC.partition("/SubscriptionTopic/")[0]}
    process = start_hi_fhir(("serve", "--data-dir", folder, "--port", "0"), settings, log)

    try:
        until(lambda: b"/fhir" in log.read_bytes())
        base = next(word for word in log.read_text().split() if word.startswith("http"))
        with endpoint() as hook:
            header = ": ".join(HEADER)
            created = {
                name: post(base, subscription(f"{hook.url}/{name}", name, header=[header], timeout=5))
                for name in CONTENTS
            }
            created["alive"] = post(base, subscription(f"{hook.url}/alive", heartbeat=10))
            found = Told(base, hook, created)
            until(lambda: len(hook.told("handshake")) == len(created))
            release(store, reporters=("A99001",))
            until(lambda: all(found.calls(name, "event-notification") for name in CONTENTS))
            yield found
    finally:
        interrupt(process)
        store.close()


def test_2_notification_delivery_a_created_subscription_is_201_with_a_json_body(told: Told) -> None:
    for answer in told.created.values():
        assert answer.status_code == 201
        assert answer.headers["Content-Type"].startswith("application/fhir+json")
        assert answer.json()["id"]


def test_3_creation_response_conformance_it_is_a_rest_hook_that_is_requested(told: Told) -> None:
    for answer in told.created.values():
        found = answer.json()
        assert (found["resourceType"], found["channel"]["type"], found["status"]) == (
            "Subscription",
            "rest-hook",
            "requested",
        )
        round_trip(found)


def test_4_notification_presence_each_is_notified(told: Told) -> None:
    for name in CONTENTS:
        [*calls] = told.calls(name, "event-notification")
        assert calls
        assert all(
            call.status["subscription"]["valueReference"]["reference"].split("/")[-1] == told.id_of(name)
            for call in calls
        )


@pytest.mark.parametrize("name", CONTENTS)
def test_5_notification_conformance_it_is_a_history_bundle_that_begins_with_its_status(told: Told, name: str) -> None:
    for call in told.calls(name, "event-notification"):
        check_bundle(call, told.id_of(name), "event-notification", "active")


@pytest.mark.parametrize("name", CONTENTS)
def test_5_notification_conformance_its_content_type_is_the_payload_and_its_headers_arrive(
    told: Told, name: str
) -> None:
    for call in told.calls(name, "event-notification"):
        assert call.headers["Content-Type"].startswith("application/fhir+json")
        assert call.headers[HEADER[0]] == HEADER[1]


def test_6_empty_conformance_there_is_no_entry_but_the_status_and_no_focus(told: Told) -> None:
    for call in told.calls("empty", "event-notification"):
        assert call.body is not None
        assert len(call.body["entry"]) == 1
        assert "topic" not in call.status
        assert events(call)
        assert not any({"focus", "additional-context"} & {*event} for event in events(call))


def test_7_id_only_conformance_each_event_has_a_focus_and_no_resource_is_sent(told: Told) -> None:
    for call in told.calls("id-only", "event-notification"):
        assert call.body is not None
        assert events(call)
        for event in events(call):
            assert "MeasureReport/" in event["focus"]["valueReference"]["reference"]
        for entry in call.body["entry"][1:]:
            assert "resource" not in entry
            assert entry["fullUrl"]


def test_8_full_resource_conformance_each_focus_is_an_entry_that_is_valid(told: Told) -> None:
    for call in told.calls("full-resource", "event-notification"):
        assert call.body is not None
        assert call.status["topic"]["valueCanonical"] == TOPIC
        assert events(call)
        for event in events(call):
            reference = event["focus"]["valueReference"]["reference"]
            named = "/".join(reference.split("/")[-2:])
            [entry] = [one for one in call.body["entry"] if named in one["fullUrl"]]
            assert entry["resource"]["resourceType"] == "MeasureReport"
            round_trip(entry["resource"])
        for entry in call.body["entry"][1:]:
            assert {"resource", "request", "response"} <= {*entry}


@pytest.mark.parametrize("name", [*CONTENTS, "alive"])
def test_9_handshake_conformance_each_had_one_while_it_was_requested(told: Told, name: str) -> None:
    [call, *_] = told.calls(name, "handshake")
    check_bundle(call, told.id_of(name), "handshake", "requested")
    assert events(call) == []
    assert call.status["events-since-subscription-start"]["valueString"] == "0"


def test_10_heartbeat_conformance_it_comes_where_it_was_asked_for_alone(told: Told) -> None:
    until(lambda: told.calls("alive", "heartbeat"))
    check_bundle(told.calls("alive", "heartbeat")[0], told.id_of("alive"), "heartbeat", "active")
    assert not any(told.calls(name, "heartbeat") for name in CONTENTS)


@pytest.mark.parametrize("name", CONTENTS)
def test_11_status_invocation_it_is_a_searchset_with_the_status(told: Told, name: str) -> None:
    answer = told.get(f"Subscription/{told.id_of(name)}/$status")
    bundle = answer.json()
    [entry] = bundle["entry"]

    assert (answer.status_code, bundle["resourceType"], bundle["type"]) == (200, "Bundle", "searchset")
    assert entry["resource"]["resourceType"] == "Parameters"
    assert entry["resource"]["meta"]["profile"] == [guide.STATUS]
    found = {one["name"]: one for one in entry["resource"]["parameter"]}
    assert found["subscription"]["valueReference"]["reference"].endswith(told.id_of(name))
    assert found["type"]["valueCode"] == "query-status"
    round_trip(bundle)


def test_12_cs_conformance_the_server_says_that_it_has_subscriptions_of_the_guide(told: Told) -> None:
    answer = told.get("metadata")
    statement = answer.json()
    [rest] = [one for one in statement["rest"] if one["mode"] == "server"]
    [offered] = [one for one in rest["resource"] if one["type"] == "Subscription"]

    assert (answer.status_code, statement["resourceType"]) == (200, "CapabilityStatement")
    assert guide.PROFILE in offered["supportedProfile"]
    round_trip(statement)


def test_13_topic_discovery_the_topic_that_is_used_is_listed(told: Told) -> None:
    [rest] = told.get("metadata").json()["rest"]
    [offered] = [one for one in rest["resource"] if one["type"] == "Subscription"]
    listed = [one["valueCanonical"] for one in offered["extension"] if one["url"] == guide.TOPIC_OFFERED]

    assert {answer.json()["criteria"] for answer in told.created.values()} <= {*listed}


CROSS_VERSION = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
REFUSED: dict[str, dict[str, Any]] = {
    "topic": {"criteria": "http://fakeurl.example/SubscriptionTopic/none"},
    "filter": {"_criteria": {"extension": [{"url": guide.FILTER, "valueString": "MeasureReport?shoe-size=44"}]}},
    "channel type": {"channel": {"type": "sms"}},
    "custom channel": {"channel": {"type": "zulip"}},
    "endpoint": {"channel": {"endpoint": "not-a-real-endpoint"}},
    "payload type": {"channel": {"payload": "application/fhir+invalid"}},
    "channel and payload": {"channel": {"type": "websocket", "payload": "application/fhir+xml"}},
    "cross-version extension": {"_criteria": {"extension": [{"url": CROSS_VERSION, "valueString": "x"}]}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_14_rejection_what_is_not_offered_is_not_created(told: Told, name: str) -> None:
    whole = subscription(f"{told.hook.url}/refused")
    changed = REFUSED[name]
    sent = {**whole, **changed, "channel": {**whole["channel"], **changed.get("channel", {})}}

    answer = post(told.base, sent)

    assert answer.status_code == 422, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert not [one for one in told.hook.calls if one.path.endswith("/refused")]


@pytest.mark.parametrize("path", ["Subscription/nobody", "Subscription/nobody/$status", "Subscription/nobody/$events"])
def test_beyond_inferno_an_unknown_subscription_is_404(told: Told, path: str) -> None:
    answer = told.get(path)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


def test_beyond_inferno_an_endpoint_that_refuses_the_handshake_leaves_the_subscription_in_error(told: Told) -> None:
    with endpoint() as refusing:
        refusing.answer = lambda _: 500
        made = post(told.base, subscription(refusing.url)).json()
        path = f"Subscription/{made['id']}"
        until(lambda: told.get(path).json()["status"] == "error")
        assert told.get(f"{path}/$status").status_code == 200


def check_bundle(call: Received, id_: str, kind: str, status: str) -> None:
    assert call.body is not None
    assert (call.method, call.body["resourceType"], call.body["type"]) == ("POST", "Bundle", "history")
    assert call.body["entry"]
    assert all({"request", "response"} <= {*entry} for entry in call.body["entry"])
    first = call.body["entry"][0]
    assert first["request"]["url"].endswith(f"Subscription/{id_}/$status")
    assert first["resource"]["resourceType"] == "Parameters"
    assert first["resource"]["meta"]["profile"] == [guide.STATUS]
    assert (call.status["type"]["valueCode"], call.status["status"]["valueCode"]) == (kind, status)
    assert call.status["subscription"]["valueReference"]["reference"].endswith(f"Subscription/{id_}")
    round_trip(call.body)


def events(call: Received) -> list[dict[str, Any]]:
    """The parts of each event, by name."""
    assert call.body is not None
    parameters = call.body["entry"][0]["resource"]["parameter"]
    return [{part["name"]: part for part in one["part"]} for one in parameters if one["name"] == "notification-event"]
