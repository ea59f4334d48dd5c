"""Somebody of a board that ended, and somebody of the one that follows it, before pages."""

from datetime import date

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.successions import Succession
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.paging import CLOCK
from tests.support.visiting import guarded_site, register_people, release_for_all, somebody


def test_pages_of_a_board_that_ended_say_so_and_are_those_of_the_one_that_follows(store: Store, tmp_path) -> None:
    release_for_all(tmp_path, store)
    register_people(store)
    with store.write() as session:
        record_successions(session, [Succession("QZ1", "QZ2", CLOCK.at.date())], CLOCK.at)
    site = guarded_site(store)
    old, new = somebody(site, "icb"), somebody(site, "another-icb")

    refused = old.http.get("/", headers={"Accept": "text/html"})

    assert refused.status_code == 403
    assert f"QZ1 ended on {CLOCK.at.date()} (QZ2 follows it)" in refused.text
    assert all(new.http.get(f"/areas/{code}").status_code == 200 for code in ("QZ1", "A99001", "QZ2", "A99003"))


def test_the_day_before_each_has_its_own(store: Store, tmp_path) -> None:
    release_for_all(tmp_path, store)
    register_people(store)
    tomorrow = date.fromordinal(CLOCK.at.toordinal() + 1)
    with store.write() as session:
        record_successions(session, [Succession("QZ1", "QZ2", tomorrow)], CLOCK.at)
    site = guarded_site(store, FixedClock(CLOCK.at))
    old, new = somebody(site, "icb"), somebody(site, "another-icb")

    assert [old.http.get(f"/areas/{code}").status_code for code in ("QZ1", "QZ2")] == [200, 404]
    assert [new.http.get(f"/areas/{code}").status_code for code in ("QZ1", "QZ2")] == [404, 200]
