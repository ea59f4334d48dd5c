"""Two boards became one on 1 April 2026: what all who read them know together gives nothing away, before or after.

Who follows reads what both were told, and whoever reads for the audience has all of it, so the successor knows what its
predecessors did: the totals of both beside its own, for the day on which one evaluation has them and another has it.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hi_fhir.attack.relations.sums import Kind
from hi_fhir.core.errors import GateError
from hi_fhir.core.successions import Succession
from hi_fhir.disclosure.published import Published, PublishedVersion
from hi_fhir.pipeline import giving
from hi_fhir.store.session import open_store
from hi_fhir.store.successions import record_successions
from tests.support.histories import CLOCK, History, Homes

BEFORE, MERGED, AFTER = date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)
PEOPLE = {"A99001": 60, "A99003": 80, "A99004": 30}
TWO: Homes = {"A99001": ("U99001", "QA1"), "A99003": ("U99001", "QA1"), "A99004": ("U99002", "QB1")}
ONE: Homes = {practice: (network, "QX1") for practice, (network, _) in TWO.items()}
BOARDS = [Succession("QA1", "QX1", MERGED), Succession("QB1", "QX1", MERGED)]


def nothing_known(session, audience, seen, *_) -> Published:
    """A decision that inherits nothing of what was told before."""
    return Published([PublishedVersion(*one) for one in seen])


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """In SQLite alone: what is decided is the same in any database, and takes a while."""
    store = open_store(tmp_path / "hi_fhir.sqlite")
    with store.write() as session:
        record_successions(session, BOARDS, CLOCK.at)
    yield History(store, tmp_path, dict(PEOPLE))
    store.close()


def test_nothing_is_recovered_over_the_whole_ledger_of_boards_that_became_one(
    history: History,
) -> None:
    """The day before; the day itself by the memberships of before, since those of now came late, and by these; and the
    day after.
    """
    for homes, day in ((TWO, BEFORE), (TWO, MERGED), (ONE, MERGED), (ONE, AFTER)):
        history.release(history.evaluate(homes, day), "icb")

    found = history.attacked("icb")

    assert found.masked > 1000
    assert found.recovered == ()
    without = history.attacked("icb", without=frozenset({Kind.THEN}))
    assert found.sums - without.sums > 500  # the one's totals are those of the two


def test_a_release_that_inherited_nothing_would_give_small_counts_away(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is refused before anybody is told."""
    history.release(history.evaluate(TWO, MERGED), "icb")
    monkeypatch.setattr(giving, "published", nothing_known)
    with pytest.raises(GateError, match=r"[1-9]\d* small counts can be worked out"):
        history.release(history.evaluate(ONE, MERGED), "icb")


def test_who_had_the_exact_reports_of_two_practices_would_work_out_a_third_s(history: History) -> None:
    """Which is why these have no heir."""
    history.release(history.evaluate(dict.fromkeys(PEOPLE, ("U99001", "QA1")), MERGED), "practice", "icb")
    for practice in ("A99001", "A99003"):
        assert history.attacked("icb", knows=[practice]).recovered == ()
    assert len(history.attacked("icb", knows=["A99001", "A99003"]).recovered) > 10
