"""Who is in whose place on a day, and whose reports an organisation has by that."""

from datetime import date

import pytest

from hi_fhir.core.successions import Succession, Successions

BEFORE, MERGED, AFTER = date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)
LATER = date(2027, 4, 1)
TWO = Successions([Succession("QA1", "QX1", MERGED), Succession("QB1", "QX1", MERGED)])


@pytest.mark.parametrize(
    ("day", "inherited", "ended"),
    [(BEFORE, set(), []), (MERGED, {"QA1", "QB1"}, ["QA1", "QB1"]), (AFTER, {"QA1", "QB1"}, ["QA1", "QB1"])],
)
def test_two_that_became_one_are_inherited_from_the_day_on_which_they_are_no_more(
    day: date, inherited: set[str], ended: list[str]
) -> None:
    assert TWO.inherited("QX1", day) == inherited
    assert [one.code for one in TWO.ended(["QX1", "QB1", "QA1"], day)] == ended
    assert TWO.in_place_of("QA1", day) == (("QX1",) if ended else ("QA1",))


def test_what_ended_is_told_with_who_follows() -> None:
    [told] = TWO.ended(["QA1"], MERGED)
    assert str(told) == "QA1 ended on 2026-04-01 (QX1 follows it)"


def test_a_divided_organisation_has_no_heir_from_whenever_its_successors_are() -> None:
    divided = Successions([Succession("QA1", "QX1", MERGED), Succession("QA1", "QY1", LATER)])
    assert divided.heir("QA1") is None
    assert divided.inherited("QX1", MERGED) == divided.inherited("QY1", LATER) == frozenset()
    assert str(divided.ended(["QA1"], LATER)[0]) == "QA1 ended on 2026-04-01 (QX1, QY1 follow it)"


@pytest.mark.parametrize("first", [date(2025, 4, 1), LATER])
def test_a_successor_that_ended_itself_hands_on_what_it_had(first: date) -> None:
    """Whether it ended after the other or before."""
    chain = Successions([Succession("QA1", "QX1", first), Succession("QX1", "QZ1", MERGED)])
    assert chain.inherited("QZ1", BEFORE) == frozenset()
    assert chain.inherited("QZ1", MERGED) == ({"QX1", "QA1"} if first < MERGED else {"QX1"})
    assert chain.inherited("QZ1", LATER) == {"QX1", "QA1"}
    assert chain.in_place_of("QA1", LATER) == ("QZ1",)
    assert chain.heir("QA1") == "QZ1"


def test_what_a_divided_one_had_inherited_has_no_heir_either() -> None:
    known = [Succession("QA1", "QX1", MERGED), Succession("QX1", "QY1", LATER), Succession("QX1", "QZ1", LATER)]
    assert Successions(known).inherited("QY1", LATER) == frozenset()
    assert Successions(known).heir("QA1") is None


def test_a_circle_is_found_in_the_order_in_which_they_follow() -> None:
    circle = [Succession("A1", "B1", BEFORE), Succession("B1", "C1", MERGED), Succession("C1", "A1", AFTER)]
    found = Successions([*circle, Succession("D1", "A1", BEFORE)]).circle()
    assert set(found) == {"A1", "B1", "C1"}
    assert "".join(found).replace("1", "") in "ABCABC"
    assert TWO.circle() == ()


def test_who_is_nowhere_among_them_has_its_own_alone() -> None:
    assert TWO.end("QZ1") is None
    assert TWO.heir("QZ1") is None
    assert TWO.in_place_of("QZ1", AFTER) == ("QZ1",)


def test_in_whom_one_went_up_is_the_first_that_is_among_those_asked_of() -> None:
    chain = [Succession("A1", "B1", BEFORE), Succession("B1", "C1", MERGED), Succession("C1", "D1", AFTER)]
    known = Successions([*chain, Succession("C1", "E1", AFTER)])
    assert known.nearest("A1", {"B1", "C1"}) == "B1"
    assert known.nearest("A1", {"C1", "D1"}) == "C1"
    assert known.nearest("A1", {"D1", "E1"}) is None
    assert known.following("A1") == {"B1", "C1", "D1", "E1"}
    assert known.following("E1") == frozenset()
