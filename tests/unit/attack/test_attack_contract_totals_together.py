"""Totals that a policy tells exactly, attacked by several sums at once, as each audience, as all and as a practice."""

import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.findings import Findings
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import CONTRACT_TOTALS, policies
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.disclosure.suppression import suppress
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.overheard import overheard

EXACTLY = policies(CONTRACT_TOTALS)
ABOVE = (Audience.PCN, Audience.ICB, Audience.PUBLIC)
AREAS = {"A": "A", "B": "B", "C": "C", "U": "AB", "V": "C", "Q": "ABC"}
LIMIT_S = 20
"""Never reached: of so few counts all are settled in a fraction of a second."""


def by_chance(seed: int, ages: str) -> ExactCounts:
    """Two practices of a network, a third that is one by itself, and their board, by sex and age and both."""
    draw = random.Random(seed)
    most = draw.choice([2, 4, 9])
    people: dict[tuple[str, ...], list[int]] = {}
    for cell in product("ABC", "fm", ages):
        denominator = draw.randint(0, most)
        people[cell] = [denominator + draw.randint(0, 1), denominator, draw.randint(0, denominator)]
    groups: dict[Group, Mapping[str, int]] = {}
    for reporter, sex, age in product(AREAS, ("f", "m", "fm"), dict.fromkeys((*ages, ages))):
        inside = [people[cell] for cell in product(AREAS[reporter], sex, age)]
        whole, denominator, numerator = map(sum, zip(*inside, strict=True))
        counts = {"initial_population": whole, "denominator": denominator, "numerator": numerator}
        groups[Group("m", reporter, *stratum(sex, "oy" if age == ages else age))] = {
            **counts,
            "denominator_exclusion": 0,
            "denominator_exception": 0,
        }
    hierarchy = Hierarchy({}, {one: tuple(own) for one, own in AREAS.items()}, {"A": "U", "B": "U", "C": "V"})
    return ExactCounts(groups, {}, {}, hierarchy=hierarchy, contract={"m"})


def stratum(sex: str, age: str) -> tuple[str, str]:
    if len(sex) == len(age) == 1:
        return "sex*age", f"{sex}*{age}"
    if len(sex) == 1:
        return "sex", sex
    return ("age", age) if len(age) == 1 else ("all", "all")


def attacked(exact: ExactCounts, released: list[ReleasedCounts], limit_s: float = LIMIT_S) -> Findings:
    first, *others = (overheard(exact, one) for one in released)
    found = first
    for one in others:
        found = replace(found.joined(one), same=first.same)
    return attack(found, Silent(), limit_s=limit_s)


@pytest.mark.parametrize(
    ("seed", "ages"), [(1, "o"), (2, "o"), *(pytest.param(seed, "oy", marks=pytest.mark.slow) for seed in range(2))]
)
def test_several_sums_at_once_give_no_more_away_than_totals_do(seed: int, ages: str) -> None:
    exact = by_chance(seed, ages)
    released = {one: release(exact, EXACTLY[one], NOTHING) for one in ABOVE}
    for own in ([Audience.PCN], [Audience.PUBLIC], [*ABOVE]):
        assert attacked(exact, [released[one] for one in own]).recovered == (), own


def test_what_a_decision_without_totals_gives_away_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppress, "_flags", lambda network, _: network.values < 0)
    found = 0
    for seed in range(6):
        exact = by_chance(seed, "o")
        found += len(attacked(exact, [release(exact, EXACTLY[Audience.PCN], NOTHING)]).recovered)
    assert found > 0


@pytest.mark.slow
@pytest.mark.parametrize(("people", "seed"), [(60, 4), (150, 5)])
def test_of_releases_of_two_measures_nothing_more_is_found_in_some_seconds(people: int, seed: int) -> None:
    exact = made_up_release(Sizes(measures=2, practices=4, pcns=2, people=people, shared=2), seed)
    exact = replace(exact, contract={"m000", "m001"})
    released = {one: release(exact, EXACTLY[one], NOTHING) for one in ABOVE}
    for own in ([Audience.PCN], [Audience.PUBLIC], [*ABOVE]):
        assert attacked(exact, [released[one] for one in own], limit_s=3).recovered == (), own
