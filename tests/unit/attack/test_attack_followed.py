"""Practices that became one: that one's people are those of both is known to whoever attacks."""

from datetime import date

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.reading.followed import with_predecessors
from hi_fhir.core.progress import Silent
from hi_fhir.core.successions import Succession
from hi_fhir.store.session import Store
from hi_fhir.store.successions import record_successions
from tests.support.released import CLOCK
from tests.support.telling import Exactly, Telling

F = ("sex", "female")
MERGED = date(2025, 4, 1)
IN_PLACE = Succession("P", "Q", MERGED)


def told(now: str = "2025-03-31", whole: str = "Q") -> Telling:
    """P had 3 and Q 17, and then one had the 20 of both."""
    return (
        Telling()
        .report("P", practices=("P",), edition="then", numerator={F: 3})
        .report("Q", practices=("Q",), edition="then", numerator={F: Exactly(17)})
        .report(whole, practices=(whole,), edition="now", day=now, numerator={F: Exactly(20)})
    )


def recovered(store: Store, telling: Telling, *known: Succession) -> list[tuple[str, int, int]]:
    with store.write() as session:
        record_successions(session, known, CLOCK.at)
        followed = with_predecessors(session, telling.told())
    return [(one.report.reporter, one.low, one.high) for one in attack(followed, Silent()).recovered]


def test_the_one_s_people_less_the_others_are_those_of_the_practice_that_is_no_more(store: Store) -> None:
    assert recovered(store, told()) == []
    assert recovered(store, told(), IN_PLACE) == [("P", 3, 3)]


def test_over_another_that_ended_in_between_as_well(store: Store) -> None:
    both = [Succession("P", "R", MERGED), Succession("Q", "R", MERGED), Succession("R", "S", MERGED)]
    assert recovered(store, told(whole="S"), *both) == [("P", 3, 3)]


@pytest.mark.parametrize(
    ("telling", "known"),
    [
        (told(now="2025-04-30"), [IN_PLACE]),
        (told(), [IN_PLACE, Succession("P", "T", MERGED)]),
        (told(), [Succession("P", "T", MERGED)]),
    ],
    ids=["another day", "divided", "followed by one that is not there"],
)
def test_else_nothing_follows(store: Store, telling: Telling, known: list[Succession]) -> None:
    assert recovered(store, telling, *known) == []


def test_a_network_of_both_is_the_same_network_as_before(store: Store) -> None:
    """It had 23, and now Q and R of it are told; P is none of its practices any more, but its people are Q's."""
    telling = (
        Telling()
        .report("N", practices=("P", "Q", "R"), edition="then", numerator={F: Exactly(23)})
        .report("P", practices=("P",), edition="then", numerator={F: 2})
        .report("Q", practices=("Q",), edition="now", numerator={F: Exactly(20)})
        .report("R", practices=("R",), edition="now", numerator={F: 3})
    )
    assert ("R", 3, 3) not in recovered(store, telling)
    assert ("R", 3, 3) in recovered(store, telling, IN_PLACE)
