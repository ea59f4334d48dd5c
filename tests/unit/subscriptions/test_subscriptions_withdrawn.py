"""Who is told of reports is told that one was withdrawn, and is given its numbers no more."""

import pytest

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.retract import retract
from hi_fhir.store.notices import Notice
from hi_fhir.store.withdrawing import ReportChoice
from tests.support.released import CLOCK, release
from tests.support.subscribing import classic, subscription
from tests.support.subscription_rig import PLACES, foci

ONE = ReportChoice(reporter="A99001", measure="smoking-status-recorded")


def withdraw(rig):
    return retract(RunContext(Config(), CLOCK, opened=rig.store), ONE, Notice("Counted twice", "A. Analyst"))


@pytest.mark.parametrize("filters", [(), ("status=complete",)])
def test_a_withdrawal_is_an_event_whatever_status_was_asked_for(rig, hook, filters):
    rig.create(subscription(hook.url, "full-resource", filters=filters))
    theirs = rig.create(subscription(hook.url), "QX2")
    rig.attend()
    release(rig.store, memberships=PLACES)
    rig.attend()
    before = len(hook.told("event-notification"))

    [one] = withdraw(rig).reports
    rig.attend()

    [call] = hook.told("event-notification")[before:]
    assert call.status["subscription"]["valueReference"]["reference"][-36:] != theirs
    assert foci(call.body)[0].endswith(f"/MeasureReport/{one.id}")
    resource = call.body["entry"][1]["resource"]
    assert (resource["status"], "group" in resource) == ("error", False)
    assert "Counted twice" in resource["text"]["div"]


def test_an_event_that_was_not_delivered_yet_gives_no_number_of_what_was_withdrawn_since(rig, hook):
    id_ = rig.create(subscription(hook.url, "full-resource"))
    rig.attend()
    release(rig.store, reporters=("A99001",), measures=("smoking-status-recorded",), memberships=PLACES)
    withdraw(rig)
    rig.attend()

    given = [entry["resource"] for call in hook.told("event-notification") for entry in call.body["entry"][1:]]
    events = rig.get(f"Subscription/{id_}/$events?content=full-resource").json
    given += [entry["resource"] for entry in events["entry"][1:]]
    assert len(given) == 2  # once where they are told of both versions, once in $events
    assert {one["status"] for one in given} == {"error"}


def test_one_who_subscribed_as_r4_has_it_is_sent_the_withdrawn_version(rig, hook):
    rig.create(classic(hook.url, "MeasureReport?status=complete"))
    rig.attend()
    release(rig.store, reporters=("A99001",), memberships=PLACES)
    rig.attend()
    before = len(hook.calls)
    [one] = withdraw(rig).reports
    rig.attend()
    sent = [call.body for call in hook.calls[before:] if call.body and call.body.get("resourceType") == "MeasureReport"]
    assert [(body["id"], body["status"]) for body in sent] == [(one.id, "error")]
