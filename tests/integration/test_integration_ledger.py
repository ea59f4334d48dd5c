"""A year of releases, and nothing that can be worked out of all of them together."""

from datetime import date
from pathlib import Path

import pytest

from hi_fhir.store.session import Store
from tests.support.histories import History, Homes

PEOPLE = {"A99001": 60, "A99002": 45, "A99003": 80, "A99004": 30, "A99005": 70, "A99006": 55}
FIRST: Homes = {
    "A99001": ("U99001", "QA1"),
    "A99002": ("U99001", "QA1"),
    "A99003": ("U99001", "QA1"),
    "A99004": ("U99002", "QB1"),
    "A99005": ("U99002", "QB1"),
    "A99006": ("U99003", "QB1"),
}
MOVED: Homes = {**FIRST, "A99003": ("U99002", "QA1")}
MERGED: Homes = {practice: (network, "QX1") for practice, (network, _) in MOVED.items()}
ABOVE = ("pcn", "icb", "public")
EVERYBODY = ("practice", *ABOVE)
QUARTERS = [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]


def test_a_network_with_another_practice_and_boards_that_became_one_give_nothing_away(
    store: Store, tmp_path: Path
) -> None:
    few = ("A99001", "A99003", "A99004")
    history = History(store, tmp_path, dict(PEOPLE))
    for homes in (FIRST, MOVED, MERGED):
        history.release(history.evaluate({one: homes[one] for one in few}, QUARTERS[0]), "practice", "icb", "pcn")
    for knows in ((), ("A99003",)):
        found = history.attacked("pcn", knows=knows)
        assert found.masked > 100
        assert found.recovered == ()


@pytest.mark.slow
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # a quarter of it on PostgreSQL too, above
def test_a_year_of_releases_gives_nothing_away(store: Store, tmp_path: Path) -> None:
    """Four quarters and a year, three audiences in any order, a correction, a practice that moved, a merged board.

    Who attacks knows nobody, or is one of the practices, with its own people in every release.
    """
    history = History(store, tmp_path, dict(PEOPLE))
    history.release(history.evaluate(FIRST, QUARTERS[0]), *EVERYBODY)
    history.people["A99001"] += 1
    history.release(history.evaluate(FIRST, QUARTERS[0]), "icb", "pcn", "practice", "public")
    history.release(history.evaluate(FIRST, QUARTERS[1]), "practice", "icb", "pcn")
    history.release(history.evaluate(MOVED, QUARTERS[1]), "public", "practice", "pcn", "icb")
    history.release(history.evaluate(MOVED, QUARTERS[2]), *EVERYBODY)
    history.release(history.evaluate(MERGED, QUARTERS[2]), *EVERYBODY)
    history.release(history.evaluate(MERGED, QUARTERS[3]), "public", "icb", "practice", "pcn")
    history.release(history.evaluate(MERGED, QUARTERS[3], begins=date(2026, 1, 1)), "icb", "pcn")
    also = ("ethnicity-recorded", "smoking-status-recorded")
    history.release(history.evaluate(MERGED, QUARTERS[3], measures=also), *ABOVE)
    for audience in ABOVE:
        found = history.attacked(audience)
        assert found.masked > 1000
        assert found.recovered == ()
    for practice in PEOPLE:
        found = history.attacked("pcn", knows=[practice])
        assert found.masked > 1000
        assert found.recovered == ()
