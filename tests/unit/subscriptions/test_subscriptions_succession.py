"""Two boards became one on 1 April: who is told of what on the days around it, and what becomes of what they asked for.

The day begins at midnight in London, an hour before it does in UTC.
"""

from datetime import UTC, date, datetime

import pytest

from hi_fhir.core.successions import Succession
from hi_fhir.pipeline.successors import import_successors
from hi_fhir.store import subscriptions as store
from hi_fhir.store.clients import NewClient, add_client
from hi_fhir.store.successions import record_successions
from hi_fhir.subscriptions import guide
from tests.support.released import CLOCK, release
from tests.support.subscribing import classic, numbers_of, subscription
from tests.support.subscription_rig import PLACES, PUBLIC, foci

MERGED = date(2026, 4, 1)
FOLLOWS = [Succession("QX1", "QZ1", MERGED), Succession("QX2", "QZ1", MERGED)]
DAY_BEFORE = datetime(2026, 3, 31, 22, 59, 59, tzinfo=UTC)
DAY = datetime(2026, 3, 31, 23, 0, tzinfo=UTC)
DAY_AFTER = datetime(2026, 4, 2, 9, 0, tzinfo=UTC)
ENDED = "QX1 ended on 2026-04-01 (QZ1 follows it)"


@pytest.fixture
def merged(rig, tmp_path):
    """What was known of it in March."""
    file = tmp_path / "succ.csv"
    file.write_text("QX1,QZ1,R,20260401,\nQX2,QZ1,R,20260401,\n", encoding="utf-8")

    def known() -> None:
        import_successors(rig.store, [file], rig.clock.now())

    return known


def changed(rig, count: int, reporter: str = "A99001") -> None:
    """A correction, which comes late: of a report that is of a day on which the boards were two."""
    release(
        rig.store,
        reporters=(reporter,),
        measures=("sex-recorded",),
        memberships=PLACES,
        count=count,
        at=rig.clock.now(),
    )


@pytest.mark.parametrize(
    ("at", "old", "new"), [(DAY_BEFORE, 1, 0), (DAY, 0, 2), (DAY_AFTER, 0, 2)], ids=["before", "on", "after"]
)
def test_from_the_day_on_the_successor_is_told_of_both_and_the_predecessor_of_nothing(rig, hook, merged, at, old, new):
    changed(rig, 100, "A99002")
    ids = {board: rig.create(subscription(hook.url), board) for board in ("QX1", "QZ1")}
    rig.attend()
    merged()
    rig.clock.at = at

    changed(rig, 110)
    changed(rig, 120, "A99002")
    rig.attend()

    told = hook.told("event-notification")
    of = {board: [one for one in told if _subscription(one).endswith(id_)] for board, id_ in ids.items()}
    assert (sum(len(foci(one.body)) for one in of["QX1"]), sum(len(foci(one.body)) for one in of["QZ1"])) == (old, new)


def test_what_was_asked_for_by_a_board_that_ended_ends_with_it_and_says_why(rig, hook, merged):
    """Although nothing is released, and nobody asks."""
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    merged()
    rig.clock.at = DAY_BEFORE
    assert rig.attend() == 0
    assert rig.shown(id_)["status"] == "active"

    rig.clock.at = DAY
    rig.attend()

    shown = rig.shown(id_)
    assert (shown["status"], shown["error"]) == ("off", f"{ENDED}: nobody is told in its name any more.")
    last = hook.calls[-1]
    assert (last.kind, last.status["status"]["valueCode"]) == ("heartbeat", "off")
    assert last.status["error"]["valueCodeableConcept"] == {"text": shown["error"]}
    changed(rig, 110)
    assert rig.attend() == 0
    assert numbers_of(rig.get(f"Subscription/{id_}/$events").json) == []


@pytest.mark.parametrize("is_failing", [False, True], ids=["never told", "in error"])
def test_one_that_nobody_hears_of_any_more_ends_alike(rig, hook, merged, is_failing):
    id_ = rig.create(subscription(hook.url))
    if is_failing:
        hook.answer = lambda _: 404
        rig.attend()
        assert rig.shown(id_)["status"] == "error"
    merged()
    rig.clock.at = DAY
    rig.attend()
    assert rig.shown(id_)["status"] == "off"
    assert rig.shown(id_)["error"].startswith(ENDED)


def test_one_of_r4_s_own_form_ends_without_a_last_word(rig, hook, merged):
    id_ = rig.create(classic(hook.url))
    rig.attend()
    merged()
    rig.clock.at = DAY
    rig.attend()
    assert rig.shown(id_)["error"].startswith(ENDED)
    assert hook.calls == []


def test_a_last_word_that_nobody_takes_is_not_said_again(rig, hook, merged):
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    merged()
    hook.answer = lambda _: 500
    rig.clock.at = DAY
    assert (rig.attend(), rig.attend()) == (1, 0)
    assert rig.shown(id_)["status"] == "off"


def test_what_came_before_the_end_and_was_not_told_by_then_is_not_told_any_more(rig, hook, merged):
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    changed(rig, 110)
    merged()
    rig.clock.at = DAY
    rig.attend()
    assert hook.told("event-notification") == []
    told = rig.get(f"Subscription/{id_}/$events").json
    assert (numbers_of(told), foci(told)) == ([1], [])


def test_a_successor_that_is_known_late_ends_what_is_released_next(rig, hook):
    """Imported into the store by something that knows nothing of subscriptions."""
    id_ = rig.create(subscription(hook.url))
    rig.attend()
    rig.clock.at = DAY_AFTER
    with rig.store.write() as session:
        record_successions(session, FOLLOWS, DAY_AFTER)
    assert rig.attend() == 0
    changed(rig, 110)
    rig.attend()
    assert rig.shown(id_)["status"] == "off"


def test_nothing_is_asked_for_in_the_name_of_a_board_that_ended(rig, hook, merged):
    id_ = rig.create(subscription(hook.url))
    merged()
    rig.clock.at = DAY
    headers = {"X-Organisation": "QX1", "Content-Type": "application/fhir+json"}
    refused = [
        rig.client.post("/fhir/Subscription", json=subscription(hook.url), headers=headers),
        rig.client.put(f"/fhir/Subscription/{id_}", json={**subscription(hook.url), "id": id_}, headers=headers),
    ]
    assert [one.status_code for one in refused] == [403, 403]
    assert all(one.json["issue"][0]["diagnostics"].startswith(ENDED) for one in refused)
    assert rig.client.delete(f"/fhir/Subscription/{id_}", headers=headers).status_code == 204


def test_what_ends_is_counted_as_it_is_imported(rig, hook, tmp_path):
    rig.create(subscription(hook.url))
    rig.create(subscription(hook.url), "QX2")
    rig.create(subscription(hook.url), "QX2")
    with rig.store.write() as session:
        new = NewClient("c", "platform", "icb", "QX2", "system/*.rs", jwks="{}")
        add_client(session, new, CLOCK.at)
    file = tmp_path / "succ.csv"
    file.write_text("QX1,QZ1,R,20260401,\nQX2,QZ1,R,20260401,\nR1A,R1B,R,20200401,\n", encoding="utf-8")

    found = import_successors(rig.store, [file], CLOCK.at)

    assert found.rows == 3
    assert [(one.organisation, one.heir, one.clients, one.subscriptions) for one in found.here] == [
        ("QX1", "QZ1", 0, 1),
        ("QX2", "QZ1", 1, 2),
    ]
    with rig.store.write() as session:
        assert {row.due_at for row in store.live(session)} == {CLOCK.at}  # their handshakes come first


def _subscription(call) -> str:
    assert call.kind in set(guide.NotificationKind)
    reference: str = call.status["subscription"]["valueReference"]["reference"]
    assert reference.startswith(PUBLIC)
    return reference
