"""Totals of contract indicators that a policy tells exactly: known to networks and boards, and nothing else by them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.attack.findings import Findings
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.contract_totals import exact_totals
from hi_fhir.disclosure.counts import MASKED, ROUNDED, SHOWN, Cell, ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import CONTRACT_TOTALS, POLICIES, Policy, policies
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import ReleasedCounts, release
from hi_fhir.disclosure.scores import score
from hi_fhir.disclosure.suppression import suppress
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.overheard import overheard

EXACTLY = policies(CONTRACT_TOTALS)
TOLD = (Audience.PCN, Audience.ICB)
AREAS = {"A": ("A",), "B": ("B",), "C": ("C",), "U": ("A", "B"), "V": ("C",), "Q": ("A", "B", "C")}
HIERARCHY = Hierarchy({}, AREAS, {"A": "U", "B": "U", "C": "V"})


def of_two(a: int, b: int, **populations: int) -> ExactCounts:
    """Two practices of a network, a third that is one by itself, and their board."""
    counts = {"A": a, "B": b, "C": 30, "U": a + b, "V": 30, "Q": a + b + 30}
    groups = {Group("m", one, "all", "all"): {"initial_population": count} for one, count in counts.items()}
    groups |= {Group("m", "Q", "pcn", one): {"initial_population": counts[one]} for one in ("U", "V")}
    return ExactCounts(groups, {}, {}, hierarchy=HIERARCHY, contract={"m"})


def told(counts: ExactCounts, policy: Policy) -> Mapping[str, Cell]:
    found = release(counts, policy, NOTHING).groups
    return {f"{one.reporter} {one.stratum}": group.cells["initial_population"] for one, group in found.items()}


@pytest.mark.parametrize("total", [(13, 11), (2, 1), (3, 0)])
def test_a_networks_total_is_told_exactly_to_networks_and_boards_however_small(total: tuple[int, int]) -> None:
    for audience in TOLD:
        found = told(of_two(*total), EXACTLY[audience])
        assert found["U all"] == found["Q U"] == Cell(SHOWN, sum(total))
        assert found["Q all"].state != SHOWN, "a board that has more than the network"
        assert all(found[f"{one} all"].value in (None, 0) or found[f"{one} all"].state == ROUNDED for one in "AB")


def test_a_network_of_one_practice_has_no_exact_total() -> None:
    found = told(of_two(13, 11), EXACTLY[Audience.ICB])
    assert found["V all"] == found["C all"] == Cell(ROUNDED, 30)
    small = replace(of_two(13, 11), groups={Group("m", one, "all", "all"): {"initial_population": 3} for one in "CV"})
    assert told(small, EXACTLY[Audience.ICB])["V all"] == Cell(MASKED, None)


def test_the_public_and_whoever_chooses_no_such_policy_are_told_no_exact_total() -> None:
    for policy in (EXACTLY[Audience.PUBLIC], *(POLICIES[one] for one in (*TOLD, Audience.PUBLIC))):
        assert all(cell.state != SHOWN for cell in told(of_two(13, 11), policy).values())


def test_measures_of_no_contract_have_no_exact_total_but_where_it_is_of_the_same_people() -> None:
    groups = of_two(13, 11).groups
    twins = {one._replace(measure_id="n"): {"denominator": own["initial_population"]} for one, own in groups.items()}
    counts = replace(of_two(13, 11), groups={**groups, **twins})
    names = ("initial_population",)
    assert {one.measure_id for one in exact_totals(counts, names, {})} == {"m"}
    alike = {("m", "initial_population"): frozenset({"registered"}), ("n", "denominator"): frozenset({"registered"})}
    assert {one.measure_id for one in exact_totals(replace(counts, conditions=alike), names, {})} == {"m", "n"}
    untold = dict.fromkeys(groups, names)
    assert exact_totals(counts, names, untold) == {}


def test_a_share_of_exact_counts_is_given_of_few_too() -> None:
    group = Group("m", "U", "all", "all")
    numbers = {"initial_population": 24, "denominator": 24, "numerator": 3}
    practice = {name: count // 2 for name, count in numbers.items()}
    other = {name: count - practice[name] for name, count in numbers.items()}
    groups = {group: numbers, group._replace(reporter="A"): practice, group._replace(reporter="B"): other}
    counts = ExactCounts(groups, {}, {}, hierarchy=HIERARCHY, contract={"m"})
    assert score(release(counts, EXACTLY[Audience.PCN], NOTHING).groups[group]).value == pytest.approx(3 / 24)
    assert score(release(counts, EXACTLY[Audience.PUBLIC], NOTHING).groups[group]).value is None


def made_up(people: int, seed: int) -> ExactCounts:
    exact = made_up_release(Sizes(measures=2, practices=6, pcns=2, people=people, shared=2), seed)
    return replace(exact, contract={"m000", "m001"})


def attacked(exact: ExactCounts, *released: ReleasedCounts) -> Findings:
    first, *others = (overheard(exact, one) for one in released)
    found = first
    for one in others:
        found = replace(found.joined(one), same=first.same)
    return attack(found, Silent())


@pytest.mark.parametrize(("people", "seed"), [(100, 1), (300, 3)])
def test_nothing_but_totals_follows_for_who_has_them_and_nothing_for_who_has_not(people: int, seed: int) -> None:
    exact = made_up(people, seed)
    network, public = (release(exact, EXACTLY[one], NOTHING) for one in (Audience.PCN, Audience.PUBLIC))
    assert attacked(exact, network).recovered == ()
    assert attacked(exact, public).recovered == ()
    both = attacked(exact, network, public)
    assert both.recovered == ()
    assert both.by_policy > 0, "what is masked for the public is known where its total is told exactly"


@pytest.mark.parametrize(("people", "seed"), [(200, 2), (300, 3)])
def test_a_decision_that_does_not_know_the_totals_gives_small_counts_away(
    monkeypatch: pytest.MonkeyPatch, people: int, seed: int
) -> None:
    exact = made_up(people, seed)
    monkeypatch.setattr(suppress, "_flags", lambda network, _: network.values < 0)
    assert len(attacked(exact, release(exact, EXACTLY[Audience.PCN], NOTHING)).recovered) > 0


def test_what_a_practice_learns_of_its_one_sister_by_an_exact_total_stops_no_release() -> None:
    found = told(of_two(13, 3), EXACTLY[Audience.PCN])
    assert (found["U all"], found["B all"].value) == (Cell(SHOWN, 16), None)
