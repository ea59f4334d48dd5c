"""Changes since the period before: what is certain of them comes first, and what cannot be told says why."""

from dataclasses import replace
from datetime import date

import pytest

from hi_fhir.measures import registry
from hi_fhir.pages.movements import movements
from hi_fhir.reports.derived.table import Row
from tests.support.evaluations import a_ratio

HEAD = ("smoking-status-recorded", "1", "U99001", "icb", date(2024, 4, 1), date(2025, 3, 31))
[MORE] = registry.load(["smoking-status-recorded"])
BEFORE = "2023-04-01..2024-03-31"


def change(stratifier: str, stratum: str, value: float, lower: float, upper: float) -> Row:
    return Row(*HEAD, "change", stratifier, stratum, BEFORE, value, lower, upper)


def untold(stratifier: str, stratum: str, reason: str) -> Row:
    return Row(*HEAD, "change", stratifier, stratum, BEFORE, reason=reason)


SMALL_AND_SURE = change("all", "all", 0.05, 0.03, 0.07)
LARGE_AND_UNSURE = change("ethnic-group-5", "asian", -0.3, -0.59, -0.01)
BY_CHANCE = change("core20", "core20", 0.1, -0.02, 0.2)
OF_OTHER_GROUPS = change("sex", "female", 0.5, 0.4, 0.6)
THERE = [LARGE_AND_UNSURE, BY_CHANCE, SMALL_AND_SURE, OF_OTHER_GROUPS]


def test_the_end_that_says_less_decides_whichever_way_it_goes() -> None:
    found = movements(THERE, {MORE.id: MORE})
    assert [(one.label, round(one.at_least, 6)) for one in found.moved] == [
        ("Everybody", 0.03),
        ("Asian or Asian British", 0.01),
    ]
    assert found.compared == 3
    assert "3 changes" in found.told


@pytest.mark.parametrize(
    ("improvement", "told"), [("increase", ["better", "worse"]), ("decrease", ["worse", "better"])]
)
def test_better_is_what_the_measure_says(improvement: str, told: list[str]) -> None:
    found = movements(THERE, {MORE.id: replace(MORE, improvement=improvement)})
    assert [one.direction for one in found.moved] == told


def test_a_trend_that_breaks_says_why_and_is_not_ranked() -> None:
    broken = [untold("all", "all", "definition-changed"), untold("core20", "core20", "definition-changed")]
    found = movements(broken, {MORE.id: MORE})
    assert (found.moved, found.compared, found.groups_not_given) == ([], 0, 1)
    [one] = found.untold
    assert one.titles == [MORE.title]
    assert "under the same version" in one.reason
    assert found.is_there


def test_without_a_period_before_that_is_said() -> None:
    found = movements([Row(*HEAD, "score", "all", "all", value=0.5, lower=0.4, upper=0.6)], {MORE.id: MORE})
    assert not found.is_there
    assert found.told == "There is no period before to compare with."


def test_a_change_of_a_ratio_is_in_occasions_and_not_in_points() -> None:
    ratio = a_ratio()
    row = change("all", "all", 0.5, 0.25, 0.75)._replace(measure=ratio.id)
    [one] = movements([row], {ratio.id: ratio}).moved
    assert one.difference == "0.50 higher (+0.25 to +0.75)"


def test_of_periods_that_share_months_it_says_so_once() -> None:
    rolling = [
        row._replace(against="2023-07-01..2024-06-30", method="newcombe-overlapping")
        for row in (SMALL_AND_SURE, LARGE_AND_UNSURE)
    ]
    found = movements([*rolling, BY_CHANCE._replace(method="newcombe")], {MORE.id: MORE})
    assert found.told.count("share 3 months") == 1
    assert "wider than it need be" in found.told
    assert "share" not in movements(THERE, {MORE.id: MORE}).told
