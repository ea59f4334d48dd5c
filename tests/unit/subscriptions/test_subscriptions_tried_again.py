"""What becomes of a subscription whose endpoint, worker or filters fail."""

from datetime import timedelta

import pytest

from hi_fhir.store import subscriptions as store
from hi_fhir.store.criteria import Reader
from hi_fhir.subscriptions.attending import pause_s
from tests.support.released import release
from tests.support.subscribing import subscription
from tests.support.subscription_rig import ORGANISATION, PLACES, Rig


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
        row = store.one_of_reader(session, Reader("icb", {"QX1"}), None, broken)
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
