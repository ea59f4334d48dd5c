"""Each kind of relation is needed: where what protects forgets one, the attack works small counts out."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import numpy as np
import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure import hierarchy
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.hierarchy import Sum
from hi_fhir.disclosure.policies import POLICIES, Policy
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from hi_fhir.disclosure.suppression import network
from hi_fhir.disclosure.suppression.equations import UNBOUNDED, Flags, Known, Limits
from hi_fhir.disclosure.suppression.exactly.proving import Proving
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.together.ranges import Holds, Ranges
from hi_fhir.measures.stratifiers import ALL
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.overheard import overheard
from tests.unit.disclosure.test_disclosure_together import HELD_BY_SEVERAL, crossed

Forgetting = Callable[[pytest.MonkeyPatch], None]


def kind(one: Sum) -> str:
    part = one.parts[0]
    if part.reporter != one.whole.reporter:
        return "areas" if part.stratifier == one.whole.stratifier else "strata by area"
    if one.whole.stratifier == ALL:
        return "strata"
    return "crossings" if "*" in part.stratifier else "nested strata"


def sums_but(forgotten: str) -> Forgetting:
    def sums(groups: Collection[Group], within: Hierarchy) -> Iterator[Sum]:
        return (one for one in hierarchy.sums(groups, within) if kind(one) != forgotten)

    return lambda patch: patch.setattr(network, "sums", sums)


def populations(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(network, "_left_over", lambda *_: iter(()))


def same_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(network, "_key", lambda _, population: population)


def people_among_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(network, "_outside", lambda *_: iter(()))


def scores(patch: pytest.MonkeyPatch) -> None:
    of_all = Knowledge.told

    def told(knowledge: Knowledge, suppressed: Flags) -> Known:
        known = of_all(knowledge, suppressed)
        is_open = ~knowledge.is_told
        own = Limits(np.where(is_open, 0, known.own.low), np.where(is_open, UNBOUNDED, known.own.high))
        return replace(known, own=own, not_few=np.zeros_like(known.not_few))

    patch.setattr(Knowledge, "told", told)


def several_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ranges, "holds", lambda *_: Holds.together([]))
    patch.setattr(Proving, "unsafe", lambda *_: [])


def among_others() -> ExactCounts:
    """Two measures: everybody in the first is in the second, which has one stratum more that is not empty."""
    bands = ("a", "b", "c", "d", "e", "f")
    groups = {
        Group(measure, "A", *stratum): {"initial_population": count}
        for measure, counts in (("n", (1, 1, 1, 1, 1, 0)), ("w", (1, 1, 1, 1, 1, 1)))
        for stratum, count in {
            ("all", "all"): sum(counts),
            **dict(zip((("band", b) for b in bands), counts, strict=True)),
        }.items()
    }
    conditions = {
        ("n", "initial_population"): frozenset({"registered", "old"}),
        ("w", "initial_population"): frozenset({"registered"}),
    }
    return ExactCounts(groups, {}, {}, hierarchy=Hierarchy({}, {"A": ("A",)}, {"A": None}), conditions=conditions)


WITH_PARTS_OF_SMALL = replace(POLICIES[Audience.ICB], parts_of_small=True)
"""Counts within small groups are told here, so that each relation is needed."""


def of_people(people: int, seed: int) -> ExactCounts:
    return made_up_release(Sizes(measures=2, practices=4, pcns=2, people=people, shared=2), seed)


def recovered(exact: ExactCounts, limit_s: float, policy: Policy = WITH_PARTS_OF_SMALL) -> int:
    """How many masked counts of what is released the attack works out. limit_s: for several sums at once."""
    released = release(exact, policy, NOTHING)
    return len(attack(overheard(exact, released), Silent(), limit_s=limit_s).recovered)


@pytest.mark.parametrize(
    ("exact", "forgetting"),
    [
        pytest.param(of_people(300, 3), sums_but("strata"), id="strata"),
        pytest.param(of_people(300, 3), sums_but("nested strata"), id="nested strata"),
        pytest.param(of_people(300, 3), sums_but("crossings"), id="crossings"),
        pytest.param(of_people(300, 3), sums_but("areas"), id="areas"),
        pytest.param(of_people(150, 1), sums_but("strata by area"), id="strata by area"),
        pytest.param(of_people(300, 1), populations, id="populations"),
        pytest.param(of_people(3000, 1), same_people, id="the same people"),
        pytest.param(among_others(), people_among_others, id="people among others"),
        pytest.param(of_people(3000, 1), scores, id="scores"),
        pytest.param(crossed(HELD_BY_SEVERAL), several_at_once, id="several sums at once"),
    ],
)
def test_small_counts_are_worked_out_where_a_relation_is_forgotten_and_else_none(
    monkeypatch: pytest.MonkeyPatch, exact: ExactCounts, forgetting: Forgetting
) -> None:
    limit_s = 10 if forgetting is several_at_once else 0
    assert recovered(exact, limit_s) == 0
    forgetting(monkeypatch)
    assert recovered(exact, limit_s) > 0


def test_where_nothing_is_suppressed_the_same_attack_finds_hundreds() -> None:
    exact = made_up_release(Sizes(measures=2, practices=4, pcns=2, people=1000, shared=2), seed=1)
    assert recovered(exact, 0, POLICIES[Audience.ICB]) == 0
    assert recovered(exact, 0, replace(POLICIES[Audience.ICB], fewest=None)) > 600
