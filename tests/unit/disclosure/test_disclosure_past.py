"""What was released before counts in a decision: the same counts, areas that were others, and what cannot be undone."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hi_fhir.disclosure.counts import MASKED, ROUNDED, SHOWN, SUPPRESSED, Cell, ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.counts import ReleasedGroup as Told
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING, Published
from hi_fhir.disclosure.release import release
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.told_before import published, released

POPULATION = "initial_population"
HELD_BACK = Cell(SUPPRESSED, None)
TWO = Hierarchy({}, {"A": ("A",), "B": ("B",), "U": ("A", "B")}, {"A": "U", "B": "U"})


def group(reporter: str, stratifier: str = "all", stratum: str = "all") -> Group:
    return Group("m", reporter, stratifier, stratum)


def of_practices(hierarchy: Hierarchy = TWO, **people: int) -> ExactCounts:
    """Counts of practices and of what they make up."""
    groups = {
        group(code): {POPULATION: sum(people[one] for one in practices)}
        for code, practices in hierarchy.practices.items()
    }
    return ExactCounts(groups, {}, {}, hierarchy=hierarchy)


def given(counts: ExactCounts, **told: Cell) -> tuple[ExactCounts, Mapping[Group, Told]]:
    """What was told of reporters' whole, whatever a policy would say."""
    return counts, {group(code): Told({POPULATION: cell}, None, {}) for code, cell in told.items()}


def held_back(counts: ExactCounts, before: Published = NOTHING) -> set[tuple[str, str]]:
    """Reporters and strata of what is suppressed."""
    groups = release(counts, POLICIES["icb"], before).groups
    return {(one.reporter, one.stratum) for one, told in groups.items() if told.cells[POPULATION].state == SUPPRESSED}


def test_a_count_that_was_told_before_is_known_still() -> None:
    """A's are 8 to 12 and B's one or more, which leaves B 1 or 2 of the 10 that U was told to have."""
    counts = of_practices(A=8, B=2)
    assert held_back(counts) == set()
    assert held_back(counts, published(given(counts, U=Cell(SHOWN, 10)))) == {("B", "all")}


def test_what_was_told_cannot_be_held_back_any_more() -> None:
    counts = of_practices(A=8, B=2)
    before = published(given(counts, U=Cell(SHOWN, 10), B=Cell(MASKED, None)))
    assert held_back(counts, before) == {("A", "all")}


def test_a_count_that_was_corrected_is_not_known_by_what_was_told_of_it() -> None:
    counts = of_practices(A=8, B=2)
    assert held_back(counts, published(given(counts, U=Cell(SHOWN, 9)))) == set()


def test_a_count_that_was_corrected_is_known_to_whoever_knows_by_how_much() -> None:
    """U had 9 and has one more since: A's 8 or more leave B 1 or 2."""
    before = published(given(of_practices(A=7, B=2), U=Cell(SHOWN, 9)))
    assert held_back(of_practices(A=8, B=2), before) == {("B", "all")}


def test_what_was_small_before_it_was_corrected_is_not_given_away_either() -> None:
    """B's were masked; that there are 8 to 12 now, one more than then, would say that there were 7."""
    then = of_practices(A=20, B=7)
    before = published((then, released(then, NOTHING)))
    assert held_back(then) == set()
    assert ("B", "all") in held_back(of_practices(A=20, B=8), before)


def test_what_whoever_knows_the_correction_knows_anyway_is_hidden_from_others() -> None:
    """B had nobody, so that it has 1 is known to some; to the others A's 8 or more leave 1 or 2 of U's 10."""
    hierarchy = Hierarchy({}, TWO.practices, {"A": "U", "B": "U"})
    then, now = of_practices(hierarchy, A=9, B=0), of_practices(hierarchy, A=9, B=1)
    before = published(given(then, A=Cell(ROUNDED, 10), B=Cell(SHOWN, 0)), given(now, U=Cell(SHOWN, 10)))
    assert held_back(now, before) == {("B", "all")}


def test_where_what_was_counted_is_gone_a_count_that_fits_what_was_told_did_not_change() -> None:
    told = published(given(of_practices(A=7, B=2), U=Cell(SHOWN, 9)))
    forgotten = replace(told, cells=told.cells._replace(exact=np.full_like(told.cells.exact, -1)))
    assert held_back(of_practices(A=8, B=2), forgotten) == set()
    assert held_back(of_practices(A=8, B=1), forgotten) == {("A", "all"), ("B", "all")}


def test_what_is_only_supposed_not_to_have_changed_is_no_reason_to_tell_what_follows_from_it() -> None:
    """A, which has 7, works out that B has 6 or 7 where U's are told as 13 to 17 and B's as few: not from what was told
    before alone, unless it takes U's and B's for unchanged.
    """
    told = published(given(of_practices(A=8, B=6), U=Cell(ROUNDED, 15), B=Cell(MASKED, None)))
    forgotten = replace(told, cells=told.cells._replace(exact=np.full_like(told.cells.exact, -1)))
    now = of_practices(A=7, B=7)
    assert held_back(now, forgotten) == held_back(now) == {("A", "all"), ("B", "all")}


def test_what_readers_can_work_out_already_is_counted_and_nothing_held_back_for_it() -> None:
    counts = of_practices(A=8, B=2)
    before = published(given(counts, U=Cell(SHOWN, 10), A=Cell(SHOWN, 8)))
    assert release(counts, POLICIES["icb"], before).already_known == 1
    assert held_back(counts, before) == set()
    assert release(counts, POLICIES["icb"], NOTHING).already_known == 0


def test_what_all_sums_together_tell_of_earlier_reports_stops_no_release() -> None:
    """By a policy that held nothing back; single sums do not tell all of it."""
    counts = made_up_release(Sizes(measures=1, practices=4, pcns=2, people=150), seed=0)
    before = published((counts, release(counts, replace(POLICIES["icb"], fewest=None), NOTHING).groups))
    assert release(counts, POLICIES["icb"], before).already_known > 100


def test_of_what_readers_can_work_out_already_no_more_is_told() -> None:
    """B's are 1 or 2 by what was told before. With one or more in each of two strata they would be 2."""
    counts = of_practices(A=8, B=2)
    strata = {group("B", "band", "b0"): {POPULATION: 1}, group("B", "band", "b1"): {POPULATION: 1}}
    told = given(counts, U=Cell(SHOWN, 10), A=Cell(ROUNDED, 10), B=Cell(MASKED, None))
    more = ExactCounts({**counts.groups, **strata}, {}, {}, hierarchy=TWO)
    assert release(more, POLICIES["icb"], published(told)).already_known == 1
    assert held_back(more, published(told)) >= {("B", "b0"), ("B", "b1")}


def test_a_practice_that_left_its_network_is_not_what_that_counted_more() -> None:
    """U had 10 with B: A's are 8 or more, so B's would be 1 or 2."""
    now = of_practices(Hierarchy({}, {"A": ("A",), "B": ("B",), "U": ("A",)}, {"A": "U", "B": None}), A=8, B=2)
    assert held_back(now) == set()
    assert held_back(now, published(given(of_practices(A=8, B=2), U=Cell(SHOWN, 10)))) == {("B", "all")}


def test_a_network_s_stratum_of_then_is_the_network_of_then() -> None:
    """The board's report had it by network."""
    practices = {"A": ("A",), "B": ("B",), "C": ("C",), "U": ("A", "B"), "Q": ("A", "B", "C")}
    then = of_practices(Hierarchy({}, practices, {"A": "U", "B": "U", "C": None}), A=8, B=2, C=30)
    now = of_practices(Hierarchy({}, practices | {"U": ("A",)}, {"A": "U", "B": None, "C": None}), A=8, B=2, C=30)
    board = (then, {group("Q", "pcn", "U"): Told({POPULATION: Cell(SHOWN, 10)}, None, {})})
    network = (then, {group("U"): Told({POPULATION: HELD_BACK}, None, {})})
    together = (then, {**board[1], **network[1]})
    assert held_back(now) == set()
    assert held_back(now, published(together)) == {("B", "all")}


def test_boards_that_became_one_are_the_parts_of_it() -> None:
    """QX has 10 and QA had 8, so QB had the 2 that B and D have now: none of both may be told to have nobody."""
    each = {code: (code,) for code in "ABCD"}
    then = of_practices(Hierarchy({}, each | {"QA": ("A", "C"), "QB": ("B", "D")}, {}), A=4, B=2, C=4, D=0)
    now = of_practices(Hierarchy({}, each | {"QX": ("A", "B", "C", "D")}, {}), A=4, B=2, C=4, D=0)
    merged, before = given(now, QX=Cell(SHOWN, 10)), given(then, QA=Cell(SHOWN, 8), QB=HELD_BACK)
    assert held_back(now, published(merged)) == set()
    found = release(now, POLICIES["icb"], published(before, merged))
    assert found.already_known == 1
    assert held_back(now, published(before, merged)) == {("B", "all"), ("D", "all")}


def test_a_practice_that_is_not_there_any_more_leaves_nothing_known() -> None:
    now = of_practices(Hierarchy({}, {"A": ("A",), "U": ("A",)}, {"A": "U"}), A=8)
    assert held_back(now, published(given(of_practices(A=8, B=2), U=Cell(SHOWN, 10)))) == set()


def test_the_same_decision_again_comes_out_the_same_when_it_sees_itself() -> None:
    counts = made_up_release(Sizes(measures=2, practices=4, pcns=2, people=60), seed=4)
    first = release(counts, POLICIES["icb"], NOTHING)
    again = release(counts, POLICIES["public"], published((counts, first.groups)))
    assert again.groups == first.groups
    assert again.already_known == 0
    assert any(cell.state == SUPPRESSED for own in first.groups.values() for cell in own.cells.values())
