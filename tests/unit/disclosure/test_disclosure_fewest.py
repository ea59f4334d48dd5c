"""The fewest counts that are enough, held against every choice."""

import random
from itertools import combinations

import pytest

from hi_fhir.disclosure.suppression import fewest
from hi_fhir.disclosure.suppression.fewest import Choice, Fewest

COUNTS = range(7)


def safe_with(needed: list[Choice], choice: Choice) -> bool:
    """Whether one of several sets that would be enough is in a choice."""
    return any(one <= choice for one in needed)


@pytest.mark.parametrize("seed", range(20))
def test_no_smaller_choice_is_enough(seed: int) -> None:
    draw = random.Random(seed)
    needed = [frozenset(draw.sample(COUNTS, draw.randint(1, 5))) for _ in range(3)]
    found = Fewest(COUNTS, lambda choice: safe_with(needed, choice)).below(6)
    least = next(size for size in range(8) if any(safe_with(needed, frozenset(c)) for c in combinations(COUNTS, size)))
    assert found is not None
    assert safe_with(needed, found)
    assert len(found) == least


def test_of_choices_as_small_the_first_is_taken() -> None:
    assert Fewest((3, 1, 2), lambda choice: bool(choice & {1, 2})).below(2) == {1}


def test_nothing_is_enough_where_nothing_is_needed() -> None:
    assert Fewest((1, 2), lambda _: True).below(1) == frozenset()


def test_what_is_not_fewer_is_not_looked_for() -> None:
    assert Fewest((1, 2), lambda choice: len(choice) == 2).below(2) is None


@pytest.mark.parametrize("limit", ["MOST_ASKED", "MOST_TRIED"])
def test_no_more_is_asked_than_a_fixed_number(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fewest, limit, 5)
    asked = []
    assert Fewest(range(30), lambda choice: asked.append(choice) or len(choice) > 6).below(9) is None
    assert len(asked) < 200
