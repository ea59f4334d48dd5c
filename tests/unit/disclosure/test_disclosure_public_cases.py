"""Tables of public bug reports of tools that suppress: what they left to be worked out, and that we do not."""

from dataclasses import replace

import pytest

from hi_fhir.attack.attacking import attack
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import POLICIES, Policy
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from hi_fhir.disclosure.scores import score
from tests.support.every_table import Table, leaked
from tests.support.overheard import overheard
from tests.support.tables_of_practices import POPULATION, held_back

ONES_IN_A_ROW = [[[1, 1, 8, 1, 0], [1, 8, 8, 1, 3]]]
AS_MANY_AS_PEOPLE = [[[8, 1, 1, 1, 1, 1, 1, 1, 1, 1]]]
BESIDE_NOBODY = [[[8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]]]

PEOPLE = {"A": 1, "B": 1, "I": 8, "J": 8, "K": 1, "L": 1, "M": 1, "N": 8}
COUNTIES = {"U1": "ABIJ", "U2": "KLMN"}
SIZES = {"QS": "ABIJKN", "QB": "LM"}


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(ONES_IN_A_ROW, id="sdcTools/UserSupport 135: three counts of one in a row"),
        pytest.param(AS_MANY_AS_PEOPLE, id="sdcTools/UserSupport 194: as many hidden counts as hidden people"),
        pytest.param(BESIDE_NOBODY, id="sdcTools/UserSupport 194: a zero beside them hides nothing"),
    ],
)
def test_no_small_count_of_a_table_can_be_worked_out(table: Table) -> None:
    """Tables as those of the reports have, with counts of which something follows where they are rounded to 5 too."""
    assert leaked(table, []) != {}
    assert leaked(table, held_back(table)) == {}


def test_places_that_are_put_together_in_two_ways_are_decided_at_once() -> None:
    """sdcTools/UserSupport 136: one table after the other, each was safe, and a count stood in the difference of both.

    Regions by county and by size there; here practices by network and by board, where networks span two boards.
    """
    areas = {one: (one,) for one in PEOPLE} | COUNTIES | SIZES
    groups = {Group("m", one, "all", "all"): {POPULATION: sum(PEOPLE[p] for p in own)} for one, own in areas.items()}
    networks = {practice: network for network, own in COUNTIES.items() for practice in own}
    exact = ExactCounts(groups, {}, {}, hierarchy=Hierarchy({}, areas, networks))
    assert recovered(exact, POLICIES[Audience.ICB]) == 0
    assert recovered(exact, replace(POLICIES[Audience.ICB], fewest=None)) == 6


def recovered(exact: ExactCounts, policy: Policy) -> int:
    return len(attack(overheard(exact, release(exact, policy, NOTHING)), Silent(), limit_s=20).recovered)


def test_those_taken_out_of_a_denominator_are_taken_out_of_the_score() -> None:
    """cqframework/clinical-reasoning 400: two people, one excluded, one in the numerator, and a score of a half."""
    counts = {POPULATION: 2, "denominator": 2, "denominator_exclusion": 1, "numerator": 1}
    exact = ExactCounts({Group("m", "A", "all", "all"): counts}, {}, {}, hierarchy=Hierarchy({}, {"A": ("A",)}, {}))
    [group] = release(exact, POLICIES[Audience.PRACTICE], NOTHING).groups.values()
    assert score(group).value == 1.0
