"""A Subscription is its client's own: to another client of the same organisation too it is as if it were not there."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update

from hi_fhir.access.scopes import ALL
from hi_fhir.core.audiences import Audience
from hi_fhir.store import clients, subscriptions
from hi_fhir.store.session import Store
from hi_fhir.store.subscription_models import SubscriptionRow
from tests.support.door import PLACES, Door, open_door, register
from tests.support.released import CLOCK, release
from tests.support.signing import EC, RSA, jwks
from tests.support.subscribing import subscription

HOOK = "http://127.0.0.1:9/hook"
ASKED = {
    "subscription_search": ("GET", "", {}),
    "subscription_create": ("POST", "", {"json": subscription(HOOK)}),
    "subscription_read": ("GET", "/{id}", {}),
    "subscription_vread": ("GET", "/{id}/_history/1", {}),
    "subscription_update": ("PUT", "/{id}", {"json": subscription(HOOK)}),
    "subscription_delete": ("DELETE", "/{id}", {}),
    "subscription_statuses": ("GET", "/$status?id={id}", {}),
    "subscription_status": ("GET", "/{id}/$status", {}),
    "subscription_events": ("GET", "/{id}/$events", {}),
}
"""Endpoint of each route to how it is asked."""
BY_CHANCE = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}")


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Door:
    release(store, memberships=PLACES)
    register(store, "mine", "colleague")
    return open_door(store, tmp_path)


def ask(door: Door, endpoint: str, client: str, id_: str):
    method, path, sent = ASKED[endpoint]
    if "json" in sent:
        sent = {"json": {**sent["json"], "id": id_}}
    return door.http.open(
        f"/fhir/Subscription{path.format(id=id_)}", method=method, headers=door.headers(client), **sent
    )


def made_by(door: Door, client: str) -> str:
    answer = ask(door, "subscription_create", client, "")
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def test_every_route_of_subscriptions_has_a_row(door):
    rules = door.http.application.url_map.iter_rules()
    assert {one.endpoint for one in rules if "/Subscription" in one.rule} == {f"fhir.{name}" for name in ASKED}


@pytest.mark.parametrize("endpoint", ASKED)
def test_what_a_colleague_subscribed_to_is_as_if_it_were_not_there(door, endpoint):
    alone = ask(door, endpoint, "mine", str(uuid4()))
    if endpoint == "subscription_create":
        door.http.delete(f"/fhir/Subscription/{alone.json['id']}", headers=door.headers("mine"))
    theirs = made_by(door, "colleague")

    answer = ask(door, endpoint, "mine", theirs)

    seen = [(one.status_code, BY_CHANCE.sub(b"", one.data)) for one in (alone, answer)]
    assert seen[0] == seen[1]
    shown = ask(door, "subscription_read", "colleague", theirs)
    assert (shown.status_code, shown.json["status"]) == (200, "requested")


def test_a_revoked_client_takes_its_subscriptions_along_and_no_others(door):
    first, second = made_by(door, "mine"), made_by(door, "colleague")
    with door.store.write() as session:
        assert clients.revoke_client(session, "mine", CLOCK.at)
        rows = {row.resource_id: row for row in subscriptions.every(session)}
        assert (rows[first].status, rows[first].error, rows[first].due_at) == ("off", "its client was revoked.", None)
        assert (rows[second].status, rows[second].due_at) == ("requested", CLOCK.at)
    release(door.store, count=200, memberships=PLACES)
    with door.store.read() as session:
        assert {row.resource_id: row.last_number for row in subscriptions.every(session)} == {first: 0, second: 2}


def test_who_comes_after_a_revoked_client_does_not_find_what_that_subscribed_to(door):
    gone = made_by(door, "mine")
    with door.store.write() as session:
        assert clients.revoke_client(session, "mine", CLOCK.at)
        new = clients.NewClient("next", "next", Audience.ICB, "QX1", str(ALL), jwks(RSA, EC))
        clients.add_client(session, new, CLOCK.at)
    assert ask(door, "subscription_read", "next", gone).status_code == 404


def test_what_was_over_before_its_client_was_revoked_says_nothing_else(door):
    own = made_by(door, "mine")
    sent = {**subscription(HOOK), "id": own, "status": "off"}
    door.http.put(f"/fhir/Subscription/{own}", json=sent, headers=door.headers("mine"))
    with door.store.write() as session:
        assert clients.revoke_client(session, "mine", CLOCK.at)
        [row] = subscriptions.every(session)
        assert (row.status, row.error, row.version) == ("off", None, 2)


def test_what_no_client_made_is_its_organisations_until_one_sends_it_and_ends_with_its_last(door):
    """As before clients were kept beside subscriptions, and where nobody logs in."""
    kept, sent = made_by(door, "mine"), made_by(door, "mine")
    with door.store.write() as session:
        session.execute(update(SubscriptionRow).values(client_id=None))
    assert ask(door, "subscription_search", "colleague", "").json["total"] == 2

    assert ask(door, "subscription_update", "colleague", sent).status_code == 200
    assert [ask(door, "subscription_read", "mine", one).status_code for one in (kept, sent)] == [200, 404]

    with door.store.write() as session:
        assert clients.revoke_client(session, "colleague", CLOCK.at)
    assert ask(door, "subscription_read", "mine", kept).json["status"] == "requested"
    with door.store.write() as session:
        assert clients.revoke_client(session, "mine", CLOCK.at)
        assert {row.resource_id: row.status for row in subscriptions.every(session)} == {kept: "off", sent: "off"}
