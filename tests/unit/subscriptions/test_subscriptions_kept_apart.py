"""What nobody else has of a subscription, and whom a client cannot have us call."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hi_fhir.core.sealing import load_seal
from hi_fhir.store import clients
from hi_fhir.store import subscriptions as store
from hi_fhir.store.subscription_models import SubscriptionRow
from hi_fhir.subscriptions.attending import Attendant, Terms
from hi_fhir.subscriptions.sending import Sender
from tests.support.released import CLOCK, release
from tests.support.subscribing import TOPIC, classic, numbers_of, subscription
from tests.support.subscription_rig import LOOPBACK, ORGANISATION, PLACES, PUBLIC, foci


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


@pytest.mark.parametrize("form", [subscription, classic])
def test_a_client_that_is_revoked_as_it_subscribes_is_told_nothing(rig, hook, form):
    """Its token was looked at before, and its subscription was not there yet."""
    id_ = rig.create(form(hook.url))
    with rig.store.write() as session:
        clients.add_client(session, clients.NewClient("c", "c", "icb", "QX1", "system/*.cruds", jwks="{}"), CLOCK.at)
        clients.revoke_client(session, "c", CLOCK.at)
        [row] = store.every(session)
        row.client_id, row.status, row.due_at = "c", "requested", CLOCK.at

    rig.attend()

    assert hook.calls == []
    with rig.store.read() as session:
        [row] = store.every(session)
        assert (row.resource_id, row.status, row.error) == (id_, "off", "its client was revoked.")


def test_values_of_headers_are_sealed_where_they_are_kept(rig, hook, tmp_path):
    rig.create(subscription(hook.url, header=["Authorization: Bearer hush"]))
    with rig.store.read() as session:  # PostgreSQL has no file to look into
        [kept] = session.execute(select(SubscriptionRow.__table__)).mappings()
        assert "Authorization" in kept["content"]
        assert not any("hush" in str(value) for value in kept.values())
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


def test_cookies_of_one_are_no_others(rig, hook):
    hook.headers = {"Set-Cookie": "session=hush; Path=/"}
    rig.create(subscription(hook.url))
    rig.create(subscription(hook.url), "QX2")
    rig.attend()

    assert len(hook.calls) == 2
    assert not any("Cookie" in call.headers for call in hook.calls)
