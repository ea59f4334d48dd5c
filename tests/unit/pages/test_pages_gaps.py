"""Gaps are ranked by what is certain of them and by whom they touch, each in its measure's better direction."""

from dataclasses import replace
from datetime import date

from hi_fhir.measures import registry
from hi_fhir.pages.gaps import widest
from hi_fhir.reports.derived.table import Row

HEAD = ("smoking-status-recorded", "1", "U99001", "icb", date(2024, 4, 1), date(2025, 3, 31))
[MORE] = registry.load(["smoking-status-recorded"])


def rows(stratum: str, value: float, lower: float, upper: float, people: float) -> list[Row]:
    named = ("ethnic-group-5", stratum)
    return [
        Row(*HEAD, "denominator", *named, value=people, state="rounded"),
        Row(*HEAD, "difference", *named, "all", value, lower, upper),
    ]


SMALL_BUT_WIDE = rows("black", -0.4, -0.7, -0.1, 50)
WIDE_FOR_MANY = rows("asian", -0.12, -0.16, -0.08, 1000)
BY_CHANCE = rows("mixed", -0.3, -0.7, 0.1, 30)
BETTER_OFF = rows("white", 0.2, 0.1, 0.3, 5000)
THERE = [*SMALL_BUT_WIDE, *WIDE_FOR_MANY, *BY_CHANCE, *BETTER_OFF]


def test_the_end_that_says_less_times_the_people_decides() -> None:
    found = widest(THERE, {MORE.id: MORE})
    assert [(gap.row.stratum, round(gap.fewer, 6)) for gap in found.gaps] == [("asian", 80.0), ("black", 5.0)]
    assert (found.compared, found.not_given) == (4, 0)


def test_where_less_is_better_the_group_with_more_is_worse_off() -> None:
    found = widest(THERE, {MORE.id: replace(MORE, improvement="decrease")})
    assert [gap.row.stratum for gap in found.gaps] == ["white"]


def test_what_is_not_given_is_counted_and_not_ranked() -> None:
    missing = Row(*HEAD, "difference", "core20", "core20", "rest", reason="part-not-given")
    found = widest([missing], {MORE.id: MORE})
    assert (found.gaps, found.compared, found.not_given) == ([], 0, 1)
