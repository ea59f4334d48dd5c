"""What is held back beside small counts, and what follows from sums."""

from dataclasses import replace

import numpy as np
import pytest

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Equations, EquationSystem, Known, Limits
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import networks
from hi_fhir.disclosure.suppression.past import Past
from hi_fhir.disclosure.suppression.suppress import suppressed
from hi_fhir.measures.model import OCCASIONS
from tests.support.made_up_release import Sizes, made_up_release

ONE = Hierarchy({}, {"A": ("A",)}, {"A": None})
POPULATION = "initial_population"


def group(stratifier: str = "all", stratum: str = "all", reporter: str = "A", measure: str = "m") -> Group:
    return Group(measure, reporter, stratifier, stratum)


def by_stratum(*counts: int, reporter: str = "A", measure: str = "m") -> dict[Group, dict[str, int]]:
    """People of one reporter by one stratifier, and in whole."""
    strata = {group("band", f"b{number}", reporter, measure): count for number, count in enumerate(counts)}
    return {
        one: {POPULATION: count}
        for one, count in ({group("all", "all", reporter, measure): sum(counts)} | strata).items()
    }


def held_back(exact: ExactCounts, fewest: int = 3) -> dict[Group, frozenset[str]]:
    return dict(suppressed(exact, {}, SMALL_NUMBERS, fewest).groups)


def known(bounds: Limits, *not_few: int) -> Known:
    flags = np.zeros(bounds.low.shape, dtype=np.bool_)
    flags[list(not_few)] = True
    return Known(bounds, flags, few=7)


def tightened(system: EquationSystem, low: list[int], high: list[int]) -> list[tuple[int, int]]:
    bounds = Limits(np.array([low]).T, np.array([high]).T)
    system.tighten(bounds, known(bounds), np.ones(len(low), dtype=np.bool_))
    return list(zip(bounds.low[:, 0].tolist(), bounds.high[:, 0].tolist(), strict=True))


def test_a_part_is_what_the_whole_leaves_and_a_whole_what_its_parts_come_to() -> None:
    system = EquationSystem(Equations.of([(0, [1, 2])]), Equations.of([]))
    assert tightened(system, [10, 4, 0], [12, 5, UNBOUNDED]) == [(10, 12), (4, 5), (5, 8)]
    assert tightened(system, [0, 4, 1], [UNBOUNDED, 5, 7]) == [(5, 12), (4, 5), (1, 7)]


def test_what_one_sum_says_is_used_in_the_next() -> None:
    system = EquationSystem(Equations.of([(0, [1, 2]), (2, [3, 4])]), Equations.of([]))
    assert tightened(system, [20, 15, 0, 1, 1], [20, 16, UNBOUNDED, 7, 7]) == [
        (20, 20),
        (15, 16),
        (4, 5),
        (1, 4),
        (1, 4),
    ]


def test_a_count_that_is_not_few_is_none_or_many() -> None:
    bounds = Limits(np.array([[0], [3]]), np.array([[7], [20]]))
    known(bounds, 0, 1).narrow(bounds, np.ones(2, dtype=np.bool_))
    assert (bounds.low.tolist(), bounds.high.tolist()) == ([[0], [8]], [[0], [20]])


def test_sums_hold_among_the_layers_of_a_place_too() -> None:
    system = EquationSystem(Equations.of([]), Equations.of([(0, [1, 2])]))
    bounds = Limits(np.array([[8, 8, 0]]), np.array([[9, 12, UNBOUNDED]]))
    system.tighten(bounds, known(bounds), np.ones(1, dtype=np.bool_))
    assert (bounds.low.tolist(), bounds.high.tolist()) == ([[8, 8, 0]], [[9, 9, 1]])


@pytest.mark.parametrize("counts", [(30, 3), (40, 0), (2, 3, 1), (100, 20, 7, 1), (0, 0)])
def test_nothing_is_held_back_where_rounding_leaves_enough(counts: tuple[int, ...]) -> None:
    assert held_back(ExactCounts(by_stratum(*counts), {}, {}, hierarchy=ONE)) == {}


def test_many_masked_strata_of_a_small_whole_would_each_be_one() -> None:
    """Eleven strata of 1 to 7 people each, and 8 to 12 in all: each is 1 or 2 unless something is held back."""
    exact = ExactCounts(by_stratum(*[1] * 11), {}, {}, hierarchy=ONE)
    (one,) = held_back(exact)
    assert one.stratifier == "band", "a stratum that is masked anyway is cheaper than the whole"


def test_a_masked_whole_of_many_masked_strata_would_be_known() -> None:
    """Six strata of somebody each, and 1 to 7 in all: six or seven."""
    exact = ExactCounts(by_stratum(1, 1, 1, 1, 1, 1), {}, {}, hierarchy=ONE)
    (one,) = held_back(exact)
    assert one.stratifier == "band"


def test_the_same_people_are_held_back_in_every_measure() -> None:
    groups = by_stratum(*[1] * 11) | by_stratum(*[1] * 11, measure="n")
    same = {(measure, POPULATION): frozenset({"registered"}) for measure in ("m", "n")}
    found = held_back(ExactCounts(groups, {}, {}, hierarchy=ONE, conditions=same))
    assert {one.measure_id for one in found} == {"m", "n"}
    assert len({one[1:] for one in found}) == 1


def test_what_is_withheld_for_another_reason_is_neither_known_nor_held_back() -> None:
    groups = by_stratum(*[1] * 11)
    exact = ExactCounts(groups, {}, {}, hierarchy=ONE)
    assert suppressed(exact, {group(): [POPULATION]}, SMALL_NUMBERS, 3).groups == {}


def test_few_who_are_not_reached_are_a_small_number_too() -> None:
    """No count is masked, but the reason for which there is no score says that 1 to 7 are left: by the sums 1 to 4."""
    counts = {"denominator": 12, "denominator_exclusion": 0, "denominator_exception": 9, "numerator": 0}
    exact = ExactCounts({group(): {POPULATION: 12} | counts}, {}, {}, hierarchy=ONE)
    assert held_back(exact, fewest=4) == {}
    assert held_back(exact, fewest=5) != {}


def test_the_same_counts_are_held_back_whatever_their_order() -> None:
    exact = made_up_release(Sizes(measures=2, practices=4, pcns=2, people=300, shared=2), seed=3)
    turned = ExactCounts(
        dict(reversed(exact.groups.items())), {}, {}, hierarchy=exact.hierarchy, conditions=exact.conditions
    )
    assert held_back(exact)
    assert held_back(exact) == held_back(turned)


def test_occasions_of_few_people_are_guarded_however_many_they_are() -> None:
    """30 occasions of 2 people are masked, but would be 28 to 32 as the whole less the others."""
    told = {POPULATION: 60, "denominator": 60, "denominator_exclusion": 0, "denominator_exception": 0}
    groups = {group(): told | {"numerator": 32, OCCASIONS: 90}}
    for stratum, people, occasions in (("b0", 2, 30), ("b1", 30, 60)):
        groups[group("band", stratum)] = dict.fromkeys(told, 30) | {"numerator": people, OCCASIONS: occasions}
    for one in (group("band", "b0"), group("band", "b1")):
        groups[one] |= {"denominator_exclusion": 0, "denominator_exception": 0}
    exact = ExactCounts(groups, {}, {}, hierarchy=ONE)
    assert held_back(exact) == {}
    assert any(OCCASIONS in populations for populations in held_back(exact, fewest=10).values())


def in_two_measures(narrow: int, wide: int) -> ExactCounts:
    """Everybody registered, and those of them who are old, each a measure."""
    groups = {group(measure="n"): {POPULATION: narrow}, group(measure="w"): {POPULATION: wide}}
    conditions = {("n", POPULATION): frozenset({"registered", "old"}), ("w", POPULATION): frozenset({"registered"})}
    return ExactCounts(groups, {}, {}, hierarchy=ONE, conditions=conditions)


def test_who_is_among_others_by_definition_is_part_of_them() -> None:
    (network,) = networks(in_two_measures(narrow=20, wide=30), {})
    assert sorted(network.groups) == ["n", "w"]
    assert network.values.tolist() == [[20, 30, 10]]
    assert network.system.within.whole.tolist() == [1]
    assert network.system.within.part.tolist() == [0, 2]


def test_a_definition_that_the_counts_contradict_says_nothing() -> None:
    (network,) = networks(in_two_measures(narrow=31, wide=30), {})
    assert network.values.tolist() == [[31, 30]]
    same = in_two_measures(narrow=31, wide=30)
    same = replace(same, conditions=dict.fromkeys(same.conditions, frozenset({"registered"})))
    (network,) = networks(same, {})
    assert network.values.tolist() == [[31, 30]]


@pytest.mark.parametrize(
    ("numerator", "told", "not_few"),
    [
        (12, (0, UNBOUNDED), True),
        (25, (1, 7), False),
        (30, (0, UNBOUNDED), True),
        (3, (0, UNBOUNDED), False),
    ],
)
def test_a_score_or_its_absence_tells_how_many_are_not_reached(
    numerator: int, told: tuple[int, int], *, not_few: bool
) -> None:
    """Of 30: a share is given; it is not, since few are not reached; all are reached; the numerator is masked."""
    counts = {POPULATION: 30, "denominator": 30, "denominator_exclusion": 0, "denominator_exception": 0}
    (network,) = networks(ExactCounts({group(): counts | {"numerator": numerator}}, {}, {}, hierarchy=ONE), {})
    (layer,) = [number for number, one in enumerate(network.layers) if one.is_scored]
    found = Knowledge(network, SMALL_NUMBERS, Past.nothing(network)).told(
        np.zeros(network.values.shape, dtype=np.bool_)
    )
    assert (found.own.low[0, layer], found.own.high[0, layer]) == told
    assert found.not_few[0, layer] == not_few
