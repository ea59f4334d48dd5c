"""What practices that know their own people exactly can work out of those of others."""

from dataclasses import replace

import numpy as np
import pytest

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import POLICIES, SMALL_NUMBERS
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from hi_fhir.disclosure.suppression.followed import Followed
from hi_fhir.disclosure.suppression.insiders import insiders, nobody
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import networks
from hi_fhir.disclosure.suppression.past import Past
from hi_fhir.disclosure.suppression.readers import CountReader, Everybody
from hi_fhir.disclosure.suppression.suppress import suppressed
from tests.support.made_up_release import Sizes, made_up_release

POPULATION = "initial_population"
TWO = Hierarchy({}, {"A": ("A",), "B": ("B",), "U": ("A", "B")}, {"A": "U", "B": "U"})


def of_two(own: int, other: int) -> ExactCounts:
    """Two practices and their network."""
    counts = {"A": own, "B": other, "U": own + other}
    groups = {Group("m", reporter, "all", "all"): {POPULATION: count} for reporter, count in counts.items()}
    return ExactCounts(groups, {}, {}, hierarchy=TWO)


def held_back(exact: ExactCounts) -> set[str]:
    return {group.reporter for group in suppressed(exact, {}, SMALL_NUMBERS, 3).groups}


def test_a_network_is_not_told_where_its_practice_could_take_itself_away() -> None:
    """12 are told as 8 to 12; who knows that 11 of these are its own is left with 1 at most, whatever B is told as."""
    assert "U" in held_back(of_two(own=11, other=1))


def test_it_is_told_how_large_a_share_of_counts_is_held_back_beyond_the_small_ones() -> None:
    found = release(of_two(own=11, other=1), POLICIES["icb"], NOTHING)
    assert found.held_back == pytest.approx(1 / 3)
    assert release(of_two(own=20, other=0), POLICIES["icb"], NOTHING).held_back == 0


@pytest.mark.parametrize(("own", "other"), [(11, 3), (3, 4), (40, 5), (20, 0)])
def test_a_network_is_told_where_rounding_leaves_three_values_of_the_others(own: int, other: int) -> None:
    assert "U" not in held_back(of_two(own=own, other=other))


def test_sums_of_areas_with_the_same_practices_are_not_all_left_to_one_another() -> None:
    """A network that is its board: each is the other and the sum of both practices, which has to be said once."""
    exact = of_two(own=11, other=5)
    same = {group._replace(reporter="Q"): counts for group, counts in exact.groups.items() if group.reporter == "U"}
    areas = {**TWO.practices, "Q": TWO.practices["U"]}
    both = replace(exact, groups={**exact.groups, **same}, hierarchy=Hierarchy({}, areas, TWO.pcns))
    (network,) = networks(both, {})
    assert 2 in network.system.among.length.tolist()


def test_each_practice_reads_for_itself() -> None:
    (network,) = networks(of_two(own=11, other=1), {})
    knowing = [one.knows.tolist() for one in insiders(network, TWO, 7, np.array([True]))]
    assert knowing == [[True, False, False], [False, True, False]]


def test_few_of_an_area_who_are_not_its_readers_own_are_guarded() -> None:
    (network,) = networks(of_two(own=30, other=2), {})
    first, second = (one.is_guarded[:, 0].tolist() for one in insiders(network, TWO, 7, np.array([True])))
    assert first == [False, True, True]
    assert second == [False, False, False]


def test_following_changes_comes_to_what_asking_all_equations_does() -> None:
    exact = made_up_release(Sizes(measures=2, practices=5, pcns=2, people=200, shared=2), seed=5)
    for network in networks(exact, {}):
        knowledge = Knowledge(network, SMALL_NUMBERS, Past.nothing(network))
        followed = Followed(network.system, network.values.shape)
        nothing, all_told = (knowledge.told(np.full(network.values.shape, one)) for one in (True, False))
        known = [nobody(knowledge.is_small), *insiders(network, exact.hierarchy, 7, knowledge.is_guarded)]
        public, *others = (CountReader(network, one, knowledge.is_small, 3) for one in known)
        everybody = Everybody(network, followed, public, others)
        first, now = (everybody.public_view(told) for told in (nothing, all_told))
        at_once = [now, *everybody.views(now, others)]
        followed_up = everybody.views_of_more([first, *everybody.views(first, others)], all_told)
        for view, more in zip(at_once, followed_up, strict=True):
            bounds = view.reader.exactly(all_told.own)
            network.system.tighten(bounds, all_told, np.ones(len(bounds.low), dtype=np.bool_))
            for found in (view.bounds, more.bounds):
                assert np.array_equal(found.low, bounds.low)
                assert np.array_equal(found.high, bounds.high)
            assert (bounds.low <= network.values).all()
            assert (network.values <= bounds.high).all()
