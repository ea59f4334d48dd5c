"""Counts of the whole run are masked as others are, and no small one follows from the sums that it is part of."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.disclosure.counts import MASKED, SUPPRESSED, Cell, RunCount, RunSum
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.run import FEWEST, released_run


def name(word: str) -> RunCount:
    return "run-people", "all", word


def released(sums: dict[str, dict[str, int]], **wholes: int) -> dict[str, Cell]:
    """sums: by their wholes, each part with its count."""
    run = {name(word): count for parts in sums.values() for word, count in parts.items()}
    run |= {name(word): count for word, count in wholes.items()}
    found = released_run(run, [RunSum(name(one), [*map(name, parts)]) for one, parts in sums.items()], SMALL_NUMBERS)
    return {one[2]: cell for one, cell in found.items()}


def test_a_reason_that_persons_less_the_registered_would_tell_is_kept_by_a_sum_that_is_held_back() -> None:
    """998 persons would be told as 1000 and 992 as 990: 6 to 10 are left, of which 6 and 7 are masked."""
    told = released({"persons": {"registered": 992, "dead": 6}}, persons=998)
    assert told == {"persons": Cell("rounded", 1000), "registered": Cell(SUPPRESSED, None), "dead": Cell(MASKED, None)}


def test_of_several_small_ones_that_leave_each_other_too_little_one_is_held_back() -> None:
    """992 at most, and 988 registered at least: three of whom each is 1 or more could be 2 at most."""
    told = released({"persons": {"registered": 989, "dead": 1, "left": 1, "inactive": 1}}, persons=992)
    assert (told["persons"].value, told["registered"].value) == (990, 990)
    assert [told[one].state for one in ("dead", "left", "inactive")] == [MASKED, MASKED, SUPPRESSED]


def test_what_no_sum_narrows_is_told_as_the_rule_says() -> None:
    assert released({}, restricted=3, registered=992) == {
        "restricted": Cell(MASKED, None),
        "registered": Cell("rounded", 990),
    }


def test_a_number_that_is_told_twice_is_held_back_in_no_place_for_its_own_sake() -> None:
    told = released({"no-registration": {"reason": 4}}, **{"no-registration": 4})
    assert [cell.state for cell in told.values()] == [MASKED, MASKED]


def _alike(cell: Cell, most: int) -> list[int]:
    """The numbers that would be told alike."""
    if cell.state == SUPPRESSED:
        return list(range(most + 1))
    return [one for one in range(most + 1) if SMALL_NUMBERS.apply(one) == cell]


@settings(deadline=None)
@given(parts=st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_every_small_count_can_have_three_values_in_tables_that_would_be_told_alike(parts: list[int]) -> None:
    words = [f"part-{place}" for place in range(len(parts))]
    told = released({"persons": dict(zip(words, parts, strict=True))}, persons=sum(parts))
    most = sum(parts) + 8
    wholes = set(_alike(told["persons"], most))
    tables = [one for one in product(*(_alike(told[word], most) for word in words)) if sum(one) in wholes]
    for place, word in enumerate(words):
        if told[word].state == MASKED:
            assert len({one[place] for one in tables}) >= FEWEST
