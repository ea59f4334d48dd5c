"""What subscribers are told, from the transaction that releases to the call of their endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hi_fhir.core.sealing import load_seal
from hi_fhir.fhir.guard import Guard
from hi_fhir.store import subscriptions as store
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store
from hi_fhir.subscriptions import guide
from hi_fhir.subscriptions.attending import Attendant, Terms, pause_s
from hi_fhir.subscriptions.sending import Sender
from hi_fhir.web.app import create_app
from hi_fhir.web.subscriptions_api import SubscriptionViews
from tests.support.released import BASE, CLOCK, ODS, release
from tests.support.subscribing import TOPIC, Endpoint, HandClock, classic, endpoint, numbers_of, subscription

PUBLIC = "https://numbers.example/fhir"
LOOPBACK = Guard((ip_network("127.0.0.0/8"),), plain_http=True)
PLACES = [("A99001", "U99001", "QX1"), ("A99002", "U99002", "QX2")]
ORGANISATION = "X-Organisation"


@dataclass
class Rig:
    store: Store
    clock: HandClock
    client: FlaskClient
    attendant: Attendant

    def create(self, resource: dict, organisation: str = "QX1") -> str:
        answer = self.client.post(
            "/fhir/Subscription",
            json=resource,
            headers={ORGANISATION: organisation, "Content-Type": "application/fhir+json"},
        )
        assert answer.status_code == 201, answer.json
        assert answer.json["status"] == "requested"
        return answer.json["id"]

    def get(self, path: str, organisation: str = "QX1"):
        return self.client.get(f"/fhir/{path}", headers={ORGANISATION: organisation})

    def shown(self, id_: str) -> dict:
        return self.get(f"Subscription/{id_}").json

    def attend(self) -> int:
        """Do all that is due now; how many steps that was."""
        steps = 0
        with self.store.read() as session:
            found = store.due(session, self.clock.now(), 100)
        for id_, _ in found:
            steps += 1
            while self.attendant.attend(id_):
                steps += 1
        return steps


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    kept, clock, seal = store, HandClock(CLOCK.at), load_seal(tmp_path / "sealing.key")
    release(kept, reporters=("A99001",), measures=("sex-recorded",), memberships=PLACES)

    def reader_of(request) -> Reader:
        return Reader("icb", {request.headers[ORGANISATION]})

    views = SubscriptionViews(kept, clock, reader_of, seal, LOOPBACK, PUBLIC, TOPIC)
    client = create_app(kept, clock, reader_of, subscriptions=views).test_client()
    terms = Terms(PUBLIC, TOPIC, timedelta(days=7))
    return Rig(kept, clock, client, Attendant(kept, clock, seal, Sender(LOOPBACK), terms))


@pytest.fixture
def hook() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found


def test_a_subscription_is_requested_until_its_handshake_is_answered(rig, hook):
    id_ = rig.create(subscription(hook.url))
    assert hook.calls == []

    rig.attend()

    [call] = hook.calls
    assert (call.kind, call.status["status"]["valueCode"]) == ("handshake", "requested")
    assert call.status["events-since-subscription-start"]["valueString"] == "0"
    assert call.body["entry"][0]["request"]["url"] == f"{PUBLIC}/Subscription/{id_}/$status"
    assert rig.shown(id_)["status"] == "active"


def test_what_is_released_is_told_once_to_its_board_alone(rig, hook):
    mine, theirs = rig.create(subscription(hook.url)), rig.create(subscription(hook.url), "QX2")
    rig.attend()

    release(rig.store, memberships=PLACES)  # two measures of two practices, one of each board
    rig.attend()
    release(rig.store, memberships=PLACES)  # the same again
    rig.attend()

    told = {
        call.status["subscription"]["valueReference"]["reference"][-36:]: call
        for call in hook.told("event-notification")
    }
    assert len(hook.told("event-notification")) == 2
    assert [told[one].numbers for one in (mine, theirs)] == [[1, 2], [1, 2]]
    assert not set(foci(told[mine].body)) & set(foci(told[theirs].body))
    for one, organisation in ((mine, "QX1"), (theirs, "QX2")):
        for focus in foci(told[one].body):
            assert rig.get(focus.removeprefix(f"{PUBLIC}/"), organisation).status_code == 200


def foci(bundle: dict) -> list[str]:
    parts = [one["part"] for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [part["valueReference"]["reference"] for of_it in parts for part in of_it if part["name"] == "focus"]


@pytest.mark.parametrize(
    ("content", "has_focus", "entries"), [("empty", False, 1), ("id-only", True, 1), ("full-resource", True, 3)]
)
def test_a_notification_carries_what_was_asked_for(rig, hook, content, has_focus, entries):
    rig.create(subscription(hook.url, content, header=["Authorization: Bearer hush", "X-Own: a b"]))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)

    rig.attend()

    [call] = hook.told("event-notification")
    assert call.body["type"] == "history"
    assert all({"request", "response"} <= entry.keys() for entry in call.body["entry"])
    assert len(call.body["entry"]) == entries
    assert len(foci(call.body)) == (2 if has_focus else 0)
    assert ("topic" in call.status) == (content != "empty")
    assert (call.headers["Authorization"], call.headers["X-Own"]) == ("Bearer hush", "a b")
    assert call.headers["Content-Type"] == "application/fhir+json"
    for entry in call.body["entry"][1:]:
        assert entry["fullUrl"] in foci(call.body)
        assert rig.get(entry["fullUrl"].removeprefix(f"{PUBLIC}/")).json == entry["resource"]


def test_filters_all_hold(rig, hook):
    smoking = f"measure={BASE}/Measure/smoking-status-recorded"
    rig.create(subscription(hook.url, filters=[f"MeasureReport?{smoking}", "MeasureReport.period=ge2025-01-01"]))
    rig.create(subscription(hook.url, filters=[smoking, "period=lt2024-01-01"]))
    rig.create(subscription(hook.url, filters=[f"reporter:identifier={ODS}|A99001"]))
    rig.attend()

    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()

    assert sorted(call.numbers for call in hook.told("event-notification")) == [[1], [1, 2]]


@pytest.mark.parametrize("status", [301, 302, 307, 404, 410, 500])
def test_what_is_not_answered_by_success_failed_and_no_redirect_is_followed(rig, hook, status):
    hook.answer, hook.headers = lambda _: status, {"Location": f"{hook.url}/elsewhere"}
    id_ = rig.create(subscription(hook.url))
    rig.attend()

    assert (rig.shown(id_)["error"], len(hook.calls)) == (f"the endpoint answered {status}.", 1)


def test_a_failed_handshake_is_an_error_at_once_and_only_the_client_tries_again(rig, hook):
    hook.answer = lambda _: 500
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.clock.go_on(days=30)
    rig.attend()

    found = rig.shown(id_)
    assert (found["status"], found["error"], len(hook.calls)) == ("error", "the endpoint answered 500.", 1)
    assert "Bearer" not in str(found)

    hook.answer = lambda _: 200
    answer = rig.client.put(
        f"/fhir/Subscription/{id_}", json={**subscription(hook.url), "id": id_}, headers={ORGANISATION: "QX1"}
    )
    assert (answer.status_code, answer.json["status"]) == (200, "requested")
    rig.attend()

    assert rig.shown(id_)["status"] == "active"
    assert hook.told("event-notification")[0].numbers == [1, 2]


def test_what_is_not_taken_is_tried_again_in_order_until_patience_ends(rig, hook):
    id_ = rig.create(subscription(hook.url, most=1))
    rig.attend()
    hook.answer = lambda _: 503
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    began, steps = rig.clock.now(), 0

    while rig.shown(id_)["status"] == "active" and steps < 1_000:
        steps += rig.attend()
        rig.clock.go_on(hours=6)

    assert timedelta(days=7) <= rig.clock.now() - began <= timedelta(days=7, hours=12)
    assert {tuple(call.numbers) for call in hook.told("event-notification")} == {(1,)}
    assert rig.shown(id_)["status"] == "error"

    release(rig.store, reporters=("A99001",), count=200, memberships=PLACES)  # numbers go on
    hook.answer, hook.calls[:] = lambda _: 200, []
    rig.client.put(
        f"/fhir/Subscription/{id_}", json={**subscription(hook.url), "id": id_}, headers={ORGANISATION: "QX1"}
    )
    rig.attend()

    assert [number for call in hook.told("event-notification") for number in call.numbers] == [1, 2, 3, 4]


def test_pauses_grow_and_heed_what_is_asked():
    assert [pause_s(tries) for tries in (1, 2, 3, 12, 100)] == [1, 2, 4, 2048, 3600]
    assert (pause_s(1, 30), pause_s(1, 10**9)) == (30, 3600)


def test_a_worker_that_was_killed_leaves_what_it_was_about_to_be_told_again(rig, hook):
    rig.create(subscription(hook.url))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    now = rig.clock.now()
    with rig.store.write() as session:  # leased, and then nothing
        [(id_, _)] = store.due(session, now, 10)
        assert store.lease(session, id_, "killed", now, now + timedelta(seconds=15))
    assert rig.attend() == 0

    rig.clock.go_on(seconds=16)
    rig.attend()

    assert hook.told("event-notification")[0].numbers == [1, 2]


def test_signs_of_life_come_when_nothing_happened_for_as_long_as_was_asked(rig, hook):
    rig.create(subscription(hook.url, heartbeat=60))
    rig.attend()
    rig.clock.go_on(seconds=59)
    assert rig.attend() == 0

    rig.clock.go_on(seconds=1)
    rig.attend()

    [beat] = hook.told("heartbeat")
    assert beat.status["status"]["valueCode"] == "active"


def test_an_end_turns_a_subscription_off(rig, hook):
    end = (rig.clock.now() + timedelta(days=1)).isoformat()
    id_ = rig.create({**subscription(hook.url), "end": end})
    rig.attend()
    rig.clock.go_on(days=1)
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()

    assert rig.shown(id_)["status"] == "off"
    assert [call.kind for call in hook.calls] == ["handshake"]


def test_right_is_looked_at_again_when_it_is_told(rig, hook):
    id_ = rig.create(subscription(hook.url, "full-resource"))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    release(rig.store, reporters=("A99002",), memberships=[("A99001", "U99002", "QX2")])  # belongs elsewhere since

    rig.attend()

    [call] = hook.told("event-notification")
    assert (call.numbers, foci(call.body), len(call.body["entry"])) == ([1, 2], [], 1)
    assert numbers_of(rig.get(f"Subscription/{id_}/$events").json) == [1, 2]
    assert foci(rig.get(f"Subscription/{id_}/$events").json) == []


def test_events_are_told_by_number(rig, hook):
    id_ = rig.create(subscription(hook.url))
    release(rig.store, reporters=("A99001",), memberships=PLACES)

    def told(query: str) -> list[int]:
        return numbers_of(rig.get(f"Subscription/{id_}/$events?{query}").json)

    assert (told(""), told("eventsSinceNumber=2"), told("eventsUntilNumber=1")) == ([1, 2], [2], [1])
    assert told("eventsSinceNumber=99999999999999999999") == []
    full = rig.get(f"Subscription/{id_}/$events?content=full-resource").json
    assert [entry["resource"]["resourceType"] for entry in full["entry"]] == [
        "Parameters",
        "MeasureReport",
        "MeasureReport",
    ]
    assert rig.get(f"Subscription/{id_}/$events?content=all").status_code == 400
    assert rig.get(f"Subscription/{id_}/$events?eventsSinceNumber=x").status_code == 400


def test_r4s_own_form_gets_each_report_by_put_after_its_reporter(rig, hook):
    rig.create(classic(hook.url))
    rig.create(classic(hook.url, f"MeasureReport?measure={BASE}/Measure/no-such"))
    rig.attend()
    assert hook.calls == []

    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()

    paths = [(call.method, call.path.split("/")[2], call.body["resourceType"]) for call in hook.calls]
    one = [("PUT", "Organization", "Organization"), ("PUT", "MeasureReport", "MeasureReport")]
    assert paths == one * 2


def test_others_never_see_a_subscription(rig, hook):
    id_ = rig.create(subscription(hook.url, header=["Authorization: Bearer hush"]))
    for path in (f"Subscription/{id_}", f"Subscription/{id_}/$status", f"Subscription/{id_}/$events"):
        assert (rig.get(path).status_code, rig.get(path, "QX2").status_code) == (200, 404)
        assert "hush" not in rig.get(path).text
    assert [rig.get("Subscription", code).json["total"] for code in ("QX1", "QX2")] == [1, 0]
    assert [rig.get("Subscription/$status", code).json["total"] for code in ("QX1", "QX2")] == [1, 0]
    mine = {**subscription(hook.url), "id": id_}
    assert rig.client.put(f"/fhir/Subscription/{id_}", json=mine, headers={ORGANISATION: "QX2"}).status_code == 404
    assert rig.client.delete(f"/fhir/Subscription/{id_}", headers={ORGANISATION: "QX2"}).status_code == 404
    assert rig.client.delete(f"/fhir/Subscription/{id_}", headers={ORGANISATION: "QX1"}).status_code == 204
    assert rig.get(f"Subscription/{id_}").status_code == 410


def test_values_of_headers_are_sealed_where_they_are_kept(rig, hook, tmp_path):
    rig.create(subscription(hook.url, header=["Authorization: Bearer hush"]))
    rig.store.close()
    assert all(b"hush" not in path.read_bytes() for path in tmp_path.iterdir())


def test_an_endpoint_that_may_not_be_called_is_not(rig, hook, tmp_path):
    guarded = Attendant(
        rig.store,
        rig.clock,
        load_seal(tmp_path / "sealing.key"),
        Sender(replace(LOOPBACK, networks=())),
        Terms(PUBLIC, TOPIC),
    )
    id_ = rig.create(subscription(hook.url))
    with rig.store.read() as session:
        [(row, _)] = store.due(session, rig.clock.now(), 10)
    guarded.attend(row)

    assert hook.calls == []
    assert rig.shown(id_)["error"].startswith("the endpoint was not called")


def test_the_capability_statement_offers_the_topic(rig):
    [of] = [one for one in rig.get("metadata").json["rest"][0]["resource"] if one["type"] == "Subscription"]
    assert of["extension"] == [{"url": guide.TOPIC_OFFERED, "valueCanonical": TOPIC}]
    assert of["supportedProfile"] == [guide.PROFILE]


def test_what_is_told_anew_while_it_is_sent_is_told_anew_still(rig, hook):
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()
    release(rig.store, reporters=("A99001",), count=200, memberships=PLACES)

    def tell_anew(_) -> int:
        with rig.store.write() as session:
            store.tell_anew(session, store.every(session)[0], 1, rig.clock.now())
        hook.answer = lambda _: 200
        return 200

    hook.answer = tell_anew
    rig.attend()

    assert [call.numbers for call in hook.told("event-notification")] == [[1, 2], [3, 4], [1, 2, 3, 4]]
    assert rig.shown(id_)["status"] == "active"


def test_filters_that_are_understood_no_longer_stop_no_release(rig, hook):
    broken, good = (rig.create(subscription(f"{hook.url}/{name}", filters=["status=complete"])) for name in "ab")
    rig.attend()
    with rig.store.write() as session:  # as what was kept by another version may be
        row = store.one_of_reader(session, Reader("icb", {"QX1"}), broken)
        row.content = row.content.replace("status=complete", "status:old=complete")

    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()

    assert (rig.shown(broken)["status"], rig.shown(good)["status"]) == ("error", "active")
    assert [call.numbers for call in hook.told("event-notification")] == [[1, 2]]


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "9" * 5000}, {"Location": "http://["}, {"Retry-After": "\u00b2"}],
    ids=["a pause without end", "a place that is none", "a digit that is none"],
)
def test_whatever_an_endpoint_answers_it_is_tried_again_later(rig, hook, headers):
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    hook.answer, hook.headers = lambda _: 302, headers
    rig.attend()

    [row] = every_row(rig)
    assert (row.status, row.tries, row.acknowledged) == ("active", 1, 0)
    assert rig.shown(id_)["error"]


def every_row(rig: Rig) -> list:
    with rig.store.read() as session:
        return list(store.every(session))


def test_cookies_of_one_are_no_others(rig, hook):
    hook.headers = {"Set-Cookie": "session=hush; Path=/"}
    rig.create(subscription(hook.url))
    rig.create(subscription(hook.url), "QX2")
    rig.attend()

    assert len(hook.calls) == 2
    assert not any("Cookie" in call.headers for call in hook.calls)
