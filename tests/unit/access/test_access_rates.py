"""How often each may ask: over a minute that slides, each for itself, within a memory that has an end."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hi_fhir.access.rates import Asker, Rates
from tests.support.released import CLOCK
from tests.support.subscribing import HandClock

LIMITS = {Asker.CLIENT: 6, Asker.PEER: 2, Asker.TOKEN: 0}


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.at)


@pytest.fixture
def rates(clock: HandClock) -> Rates:
    return Rates(clock, LIMITS)


def taken(rates: Rates, asker: Asker, who: str, tries: int) -> int:
    """How many of so many requests may be answered."""
    return sum(rates.wait_s(asker, who) is None for _ in range(tries))


def test_each_has_so_many_and_nobody_anothers(rates):
    assert taken(rates, Asker.CLIENT, "a", 10) == 6
    assert taken(rates, Asker.CLIENT, "b", 10) == 6
    assert taken(rates, Asker.PEER, "a", 10) == 2
    assert taken(rates, Asker.TOKEN, "a", 10) == 10  # which has no limit


def test_what_was_asked_counts_by_the_part_of_it_that_is_within_a_minute(rates, clock):
    assert taken(rates, Asker.CLIENT, "a", 10) == 6
    clock.go_on(seconds=60)
    assert taken(rates, Asker.CLIENT, "a", 10) == 0
    clock.go_on(seconds=30)
    assert taken(rates, Asker.CLIENT, "a", 10) == 3
    clock.go_on(seconds=120)
    assert taken(rates, Asker.CLIENT, "a", 10) == 6


@given(
    limit=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 90), min_size=1, max_size=60),
)
def test_never_more_than_two_minutes_worth_in_any_minute_and_who_waits_as_told_is_answered(limit, gaps):
    clock = HandClock(CLOCK.at)
    rates = Rates(clock, {Asker.CLIENT: limit})
    answered = []
    for gap in gaps:
        clock.go_on(seconds=gap)
        waits = rates.wait_s(Asker.CLIENT, "a")
        if waits is not None:
            assert 1 <= waits <= 120
            clock.go_on(seconds=waits)
            assert rates.wait_s(Asker.CLIENT, "a") is None
        answered.append(clock.now())
    for at in answered:
        assert sum(0 <= (at - one).total_seconds() < 60 for one in answered) <= 2 * limit


def test_callers_beyond_those_that_are_told_apart_are_one(rates, monkeypatch):
    monkeypatch.setattr("hi_fhir.access.rates._MOST_CALLERS", 3)
    assert [taken(rates, Asker.PEER, str(number), 1) for number in range(8)] == [1, 1, 1, 1, 1, 0, 0, 0]
    assert taken(rates, Asker.PEER, "0", 5) == 1
    assert len(rates._now) <= 4


def test_several_threads_are_counted_together(clock):
    rates, found = Rates(clock, {Asker.CLIENT: 500}), []
    threads = [threading.Thread(target=lambda: found.append(taken(rates, Asker.CLIENT, "a", 200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 500
