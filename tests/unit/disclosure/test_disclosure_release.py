"""What may be given of a count, and of a score, to whom."""

import pytest

from hi_fhir.disclosure.cells import StratumCells, stratum_cells
from hi_fhir.disclosure.counts import (
    MASKED,
    ROUNDED,
    SHOWN,
    SUPPRESSED,
    UNSUPPORTED,
    Cell,
    ExactCounts,
    Group,
)
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING, Published, PublishedVersion
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.disclosure.scores import EMPTY, MASKED_PART, NO_CODES, ROUNDED_AWAY, SMALL, Score, score
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.measures.model import POPULATIONS as ALL_POPULATIONS

GROUP = Group("ethnicity-recorded", "U99001", "all", "all")
ABOVE = ("pcn", "icb", "public")
POPULATIONS = tuple(name for name in ALL_POPULATIONS if name != OCCASIONS)


def released(
    audience: str, *, state: str = "full", first: str = "full", published: Published = NOTHING, **counts: int
) -> ReleasedCounts:
    """One group with the counts given, the others 0, but for who must be there.

    first: state of the initial population's code lists.
    """
    wide = max(counts.get("denominator", 0), 1000 if set(counts) - {"denominator"} else 0)
    people = {"denominator": wide, "initial_population": counts.get("denominator", wide)} | counts
    states = {name: first if name in ("initial_population", "denominator") else state for name in POPULATIONS}
    exact = ExactCounts(
        groups={GROUP: dict.fromkeys(POPULATIONS, 0) | people},
        run={("run-people", "all", "opted-out"): 3, ("run-quarantine", "Patient", "not-json"): 1203},
        code_lists={(GROUP.measure_id, name): of for name, of in states.items()},
    )
    return release(exact, POLICIES[audience], published)


def numerator(audience: str, count: int) -> tuple[str, int | None]:
    return released(audience, numerator=count).groups[GROUP].cells["numerator"]


def score_of(audience: str, **counts: int) -> Score:
    return score(released(audience, **counts).groups[GROUP])


@pytest.mark.parametrize("count", [0, 1, 7, 8, 13])
def test_a_practice_sees_its_own_counts_as_they_are(count: int) -> None:
    assert numerator("practice", count) == (SHOWN, count)


@pytest.mark.parametrize("audience", ABOVE)
@pytest.mark.parametrize("count", range(1, 8))
def test_one_to_seven_is_masked_outside_the_practice(audience: str, count: int) -> None:
    assert numerator(audience, count) == (MASKED, None)


@pytest.mark.parametrize(("count", "given"), [(8, 10), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1002, 1000)])
@pytest.mark.parametrize("audience", ABOVE)
def test_eight_and_more_is_given_to_the_nearest_five(audience: str, count: int, given: int) -> None:
    assert numerator(audience, count) == (ROUNDED, given)


@pytest.mark.parametrize("audience", POLICIES)
def test_zero_is_a_counted_zero(audience: str) -> None:
    assert numerator(audience, 0) == (SHOWN, 0)


@pytest.mark.parametrize("audience", POLICIES)
def test_counts_of_the_whole_run_are_nobodys_own(audience: str) -> None:
    run = released(audience).run
    assert run["run-people", "all", "opted-out"].state == MASKED
    assert run["run-quarantine", "Patient", "not-json"].value == 1205


def test_a_score_is_worked_out_from_rounded_counts() -> None:
    assert score_of("icb", denominator=101, denominator_exception=12, numerator=48) == Score(50 / 90, None)


def test_who_is_taken_out_of_the_numerator_is_no_part_of_the_share() -> None:
    counts = {"denominator": 100, "numerator": 60, "numerator_exclusion": 10}
    assert score_of("icb", **counts) == Score(0.5, None)
    assert score_of("icb", **(counts | {"numerator_exclusion": 55})) == Score(None, SMALL)
    assert score_of("icb", **(counts | {"numerator_exclusion": 5})) == Score(None, MASKED_PART)


def test_all_of_the_numerator_taken_out_of_it_is_a_share_of_none() -> None:
    assert score_of("icb", denominator=100, numerator=12, numerator_exclusion=12) == Score(0.0, None)


def test_a_practice_has_the_exact_score_of_few_people() -> None:
    assert score_of("practice", denominator=7, numerator=3) == Score(3 / 7, None)


@pytest.mark.parametrize("audience", POLICIES)
def test_nobody_in_the_denominator_gives_no_score(audience: str) -> None:
    assert score_of(audience) == Score(None, EMPTY)


@pytest.mark.parametrize("numerator", range(7))
def test_of_a_small_group_it_is_not_told_how_many_are_in_the_numerator_be_it_nobody_or_everybody(
    numerator: int,
) -> None:
    group = released("icb", initial_population=1000, denominator=6, numerator=numerator).groups[GROUP]
    assert group.cells["denominator"] == (MASKED, None)
    assert group.cells["numerator"] == (SUPPRESSED, None)
    assert group.reasons["numerator"] == group.reasons["denominator_exception"] == "small-group"
    assert score(group) == Score(None, MASKED_PART)


@pytest.mark.parametrize("numerator", [0, 8])
def test_of_eight_people_and_more_nobody_and_everybody_are_told(numerator: int) -> None:
    assert score_of("icb", denominator=8, numerator=numerator) == Score(numerator / 8, None)


def test_nobody_of_the_few_whom_exceptions_leave_is_held_back() -> None:
    group = released("icb", denominator=40, denominator_exception=36, numerator=0).groups[GROUP]
    assert group.cells["numerator"] == (SUPPRESSED, None)
    assert group.reasons["numerator"] == "protects-others"


@pytest.mark.parametrize("counts", [{"denominator": 100, "numerator": 3}, {"denominator": 6, "numerator": 0}])
def test_a_masked_part_gives_no_score(counts: dict[str, int]) -> None:
    assert score_of("icb", **counts) == Score(None, MASKED_PART)


def test_a_masked_exception_gives_no_score() -> None:
    assert score_of("icb", denominator=100, numerator=50, denominator_exception=5) == Score(None, MASKED_PART)


@pytest.mark.parametrize("left", range(1, 8))
def test_a_small_complement_gives_no_score(left: int) -> None:
    assert score_of("icb", denominator=100 + left, numerator=100) == Score(None, SMALL)


@pytest.mark.parametrize(("numerator", "given"), [(100, 1.0), (0, 0.0)])
def test_all_and_none_are_scores(numerator: int, given: float) -> None:
    assert score_of("icb", denominator=100, numerator=numerator) == Score(given, None)


def test_rounding_that_leaves_more_than_all_gives_no_score() -> None:
    everybody = {"denominator_exclusion": 8, "denominator_exception": 8, "numerator": 18, "denominator": 34}
    assert score_of("practice", **everybody) == Score(1.0, None)
    assert score_of("icb", **everybody) == Score(None, ROUNDED_AWAY)


@pytest.mark.parametrize("audience", ABOVE)
def test_partial_code_lists_leave_numerator_and_score_out_above_the_practice(audience: str) -> None:
    group = released(audience, state="partial", denominator=100, numerator=50).groups[GROUP]
    assert group.cells["numerator"].state == UNSUPPORTED
    assert group.cells["denominator_exception"].state == UNSUPPORTED
    assert group.cells["denominator"].value == 100
    assert score(group) == Score(None, NO_CODES)


def test_a_practice_sees_what_partial_code_lists_find() -> None:
    group = released("practice", state="partial", denominator=100, numerator=50).groups[GROUP]
    assert score(group) == Score(0.5, None)


@pytest.mark.parametrize("audience", POLICIES)
def test_missing_code_lists_are_no_zero_anywhere(audience: str) -> None:
    group = released(audience, state="missing", denominator=100).groups[GROUP]
    assert group.cells["numerator"] == (UNSUPPORTED, None)
    assert group.cells["denominator"].value == 100
    assert score(group) == Score(None, NO_CODES)


@pytest.mark.parametrize("audience", POLICIES)
def test_a_register_without_codes_is_no_empty_register(audience: str) -> None:
    cells = released(audience, state="missing", first="missing").groups[GROUP].cells
    assert cells["denominator"].state == UNSUPPORTED


@pytest.mark.parametrize("state", ["outdated", "demonstration"])
def test_outdated_and_demonstration_code_lists_are_shown(state: str) -> None:
    assert score(released("icb", state=state, denominator=100, numerator=50).groups[GROUP]) == Score(0.5, None)


def test_what_the_audience_had_before_is_pinned_in_any_order() -> None:
    one, two = PublishedVersion("a", 1, "x"), PublishedVersion("a", 2, "y")
    pinned = released("icb", published=Published((one, two))).published
    assert released("icb", published=Published((two, one))).published == pinned
    assert released("icb", published=Published((one,))).published != pinned


@pytest.mark.parametrize(("audience", "people", "given"), [("icb", 3, None), ("icb", 203, 205), ("practice", 3, 3)])
def test_people_who_are_counted_alone_have_no_score_and_no_reason_for_one(
    audience: str, people: int, given: int | None
) -> None:
    states = {(GROUP.measure_id, "initial_population"): "full"}
    counted = ExactCounts({GROUP: {"initial_population": people}}, {}, states)
    (group,) = release(counted, POLICIES[audience], NOTHING).groups.values()

    assert group.cells["initial_population"].value == given
    assert (group.no_score, score(group)) == (None, Score(None, None))
    state = group.cells["initial_population"].state
    assert stratum_cells(group, ("initial_population",)) == StratumCells(
        ("initial_population",), (state,), (None,), (given,)
    )


BY_WORDS = Group("ethnicity-recorded", "U99001", "ours", "recorded")
CROSSED = Group("ethnicity-recorded", "U99001", "sex*ours", "female*recorded")


def of_strata(audience: str, state: str) -> ReleasedCounts:
    """20 people in whole, in a stratum whose code lists are in that state, and in a crossing with it."""
    exact = ExactCounts(
        groups={group: dict.fromkeys(POPULATIONS, 20) for group in (GROUP, BY_WORDS, CROSSED)},
        run={},
        code_lists={},
        strata_lists={(GROUP.measure_id, ("ours", "recorded")): state},
    )
    return release(exact, POLICIES[audience], NOTHING)


@pytest.mark.parametrize(
    ("audience", "state"), [*((one, "partial") for one in ABOVE), *((one, "missing") for one in ("practice", *ABOVE))]
)
def test_code_lists_that_cannot_bear_a_stratum_leave_it_out_and_nothing_else(audience: str, state: str) -> None:
    found = of_strata(audience, state).groups

    assert found[GROUP].cells["numerator"].value == 20
    for group in (BY_WORDS, CROSSED):
        assert set(found[group].cells.values()) == {(UNSUPPORTED, None)}
        assert set(found[group].reasons.values()) == {f"code-lists-{state}"}
        assert score(found[group]) == Score(None, NO_CODES)


@pytest.mark.parametrize(
    ("audience", "state"), [("practice", "partial"), ("icb", "outdated"), ("icb", "demonstration")]
)
def test_code_lists_that_can_bear_a_stratum_give_it(audience: str, state: str) -> None:
    assert of_strata(audience, state).groups[CROSSED].cells["numerator"].value == 20


def of_ratio(audience: str, occasions: int, people: int, denominator: int = 100) -> tuple[Cell, Score]:
    """How often something was of so many people, as it is given, and the ratio."""
    counts = {"initial_population": denominator, "denominator": denominator, "numerator": people}
    exact = ExactCounts({GROUP: {**counts, "denominator_exclusion": 0, "occasions": occasions}}, {}, {})
    group = release(exact, POLICIES[audience], NOTHING).groups[GROUP]
    return group.cells["occasions"], score(group)


@pytest.mark.parametrize("audience", ABOVE)
def test_however_often_something_was_of_few_people_it_is_masked(audience: str) -> None:
    for people in (1, 7):
        assert of_ratio(audience, 84, people) == ((MASKED, None), Score(None, MASKED_PART))
    assert of_ratio(audience, 84, 8) == ((ROUNDED, 85), Score(0.85, None))


@pytest.mark.parametrize("audience", ABOVE)
def test_a_ratio_is_of_rounded_counts_and_may_be_more_than_one(audience: str) -> None:
    assert of_ratio(audience, 252, 81) == ((ROUNDED, 250), Score(2.5, None))
    assert of_ratio(audience, 0, 0) == ((SHOWN, 0), Score(0.0, None))
    assert of_ratio(audience, 300, 93)[1] == Score(None, SMALL)
    assert of_ratio(audience, 0, 0, denominator=0)[1] == Score(None, EMPTY)


def test_a_practice_is_told_how_often_something_was_of_its_own_people_however_few() -> None:
    assert of_ratio("practice", 84, 1) == ((SHOWN, 84), Score(0.84, None))
