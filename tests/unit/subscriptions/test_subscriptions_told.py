"""What subscribers are told, from the transaction that releases to the call of their endpoint."""

from datetime import timedelta

import pytest

from hi_fhir.subscriptions import guide
from tests.support.released import BASE, ODS, release
from tests.support.subscribing import TOPIC, classic, numbers_of, subscription
from tests.support.subscription_rig import PLACES, PUBLIC, foci


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


def test_the_capability_statement_offers_the_topic(rig):
    [of] = [one for one in rig.get("metadata").json["rest"][0]["resource"] if one["type"] == "Subscription"]
    assert of["extension"] == [{"url": guide.TOPIC_OFFERED, "valueCanonical": TOPIC}]
    assert of["supportedProfile"] == [guide.PROFILE]
