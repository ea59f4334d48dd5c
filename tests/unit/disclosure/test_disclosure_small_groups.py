"""Small groups: of how many of one are in the numerator nothing is told, nor can it be worked out that nobody is."""

from dataclasses import replace

import numpy as np
import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.findings import Recovered
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy, ReleasedGroup
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.network import Network
from hi_fhir.disclosure.suppression.small_groups import SmallGroups
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.overheard import overheard
from tests.support.told_before import published

ALL = Group("m", "A", "all", "all")
ONE = Hierarchy({}, {"A": ("A",)}, {"A": None})


def band(number: int) -> Group:
    return ALL._replace(stratifier="band", stratum=f"b{number}")


def counted(*strata: tuple[int, int]) -> ExactCounts:
    """People in each band, and those of them in the numerator."""
    whole = (sum(people for people, _ in strata), sum(reached for _, reached in strata))
    groups = {
        group: {"initial_population": people, "denominator": people, "numerator": reached}
        for group, (people, reached) in {ALL: whole, **{band(n): one for n, one in enumerate(strata)}}.items()
    }
    same = {("m", name): frozenset({"registered"}) for name in ("initial_population", "denominator")}
    return ExactCounts(groups, {}, {}, hierarchy=ONE, conditions=same)


def released(exact: ExactCounts) -> ReleasedCounts:
    return release(exact, POLICIES[Audience.ICB], NOTHING)


def told(group: ReleasedGroup, population: str = "numerator") -> int | str:
    value = group.cells[population].value
    return value if value is not None else group.reasons.get(population, "masked")


def recovered(exact: ExactCounts, of_it: ReleasedCounts) -> tuple[Recovered, ...]:
    return attack(overheard(exact, of_it), Silent()).recovered


def test_nobody_everybody_and_some_of_a_small_group_are_told_alike() -> None:
    groups = released(counted((5, 0), (5, 5), (5, 2), (60, 30))).groups
    assert [told(groups[band(number)]) for number in range(4)] == ["small-group"] * 3 + [30]
    assert [told(groups[band(number)], "denominator") for number in range(4)] == ["masked"] * 3 + [60]


def test_that_a_small_group_is_small_is_not_told_by_the_reason_where_it_is_suppressed() -> None:
    exact = counted(*[(1, 0)] * 11)
    groups = released(exact).groups
    assert {(told(group, "denominator"), told(group)) for name, group in groups.items() if name != ALL} == {
        ("protects-others", "protects-others")
    }


def test_what_is_told_of_a_larger_group_is_no_secret_of_a_smaller_one_in_it() -> None:
    exact = counted((5, 0), (40, 0))
    of_it = released(exact)
    assert told(of_it.groups[ALL]) == 0
    assert told(of_it.groups[band(0)]) == "small-group"
    assert recovered(exact, of_it) == ()


def test_a_zero_is_told_where_the_sources_leave_untold_of_how_many_it_is() -> None:
    exact = counted((3, 0), (2, 0))
    groups = {name: {**own, "denominator_exclusion": 0} for name, own in exact.groups.items()}
    untold = dict.fromkeys(groups, dict.fromkeys(("initial_population", "denominator", "numerator"), "over-limit"))
    of_it = released(replace(exact, groups=groups, withheld=untold)).groups
    assert [told(group, "denominator_exclusion") for group in of_it.values()] == [0, 0, 0]


def forgetting(patch: pytest.MonkeyPatch) -> None:
    def guarded(groups: SmallGroups, _: Network, __: Flags) -> Flags:
        return np.zeros_like(groups.is_nobody)

    patch.setattr(SmallGroups, "guarded", guarded)


@pytest.mark.parametrize(("people", "seed"), [(100, 0), (300, 3), (1000, 7)])
def test_nobody_of_a_small_group_is_worked_out_where_it_is_forgotten_and_else_not(
    monkeypatch: pytest.MonkeyPatch, people: int, seed: int
) -> None:
    exact = made_up_release(Sizes(measures=2, practices=4, pcns=2, people=people, shared=2), seed)
    assert recovered(exact, released(exact)) == ()
    forgetting(monkeypatch)
    assert {one.low for one in recovered(exact, released(exact))} == {0}


def test_what_was_told_before_is_withheld_all_the_same_and_no_reason_to_hold_others_back() -> None:
    exact = counted((5, 0), (5, 5), (60, 30))
    first = {name: group._replace(cells=dict(group.cells), reasons={}) for name, group in before(exact).groups.items()}
    assert told(first[band(0)]) == 0
    now = release(exact, POLICIES[Audience.ICB], published((exact, first)))
    assert told(now.groups[band(0)]) == "small-group"
    assert told(now.groups[ALL]) == 35


def before(exact: ExactCounts) -> ReleasedCounts:
    """As it was told when counts within small groups were."""
    return release(exact, replace(POLICIES[Audience.ICB], parts_of_small=True), NOTHING)
