"""What always holds of released counts and the reports made of them, whatever the people."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.disclosure.counts import SUPPRESSED, ExactCounts, Group
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from hi_fhir.disclosure.scores import score, score_denominator
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.measures.model import POPULATIONS as ALL_POPULATIONS
from hi_fhir.reports.checks import check_resource
from tests.support.reporting import a_measure, count_of, extensions, groups_of, released_reports

ABOVE = ("pcn", "icb", "public")
GROUP = Group("m", "r", "all", "all")
SMALL = range(1, 8)
POPULATIONS = tuple(name for name in ALL_POPULATIONS if name != OCCASIONS)


@st.composite
def people(draw: st.DrawFn) -> dict[str, int]:
    """Counts of one group as they can be: populations nested, small and round numbers alike."""
    sizes = st.one_of(st.integers(0, 20), st.integers(0, 5000))
    numerator, rest, exclusion, exception, outside, undetermined = (draw(sizes) for _ in range(6))
    taken_out = draw(st.just(0) | st.integers(0, numerator))
    whole = numerator + rest + exclusion + exception
    counts = (whole + outside, whole, exclusion, exception, numerator, taken_out, undetermined)
    return dict(zip(POPULATIONS, counts, strict=True))


@pytest.mark.parametrize("audience", ABOVE)
@given(exact=people())
def test_nothing_small_is_given_and_no_score_where_there_must_be_none(audience: str, exact: dict[str, int]) -> None:
    states = {(GROUP.measure_id, name): "full" for name in POPULATIONS}
    (group,) = release(ExactCounts({GROUP: exact}, {}, states), POLICIES[audience], NOTHING).groups.values()
    for name, cell in group.cells.items():
        assert (cell.value is None) == (exact[name] in SMALL or cell.state == SUPPRESSED)
        assert cell.value is None or (cell.value % 5 == 0 and abs(cell.value - exact[name]) <= 2)
    value, reason = score(group)
    assert (value is None) == (reason is not None)
    denominator, members = score_denominator(exact), exact["numerator"] - exact["numerator_exclusion"]
    if denominator == 0 or members in SMALL or denominator - members in SMALL:
        assert value is None
    assert value is None or 0 <= value <= 1


@pytest.mark.parametrize("audience", ABOVE)
@given(exact=people(), often=st.integers(1, 52))
def test_how_often_something_was_is_given_where_it_was_of_enough_people(
    audience: str, exact: dict[str, int], often: int
) -> None:
    people_in_it = exact["numerator"]
    ratio = {name: exact[name] for name in ("initial_population", "denominator", "denominator_exclusion", "numerator")}
    counts = ExactCounts({GROUP: {**ratio, OCCASIONS: people_in_it * often}}, {}, {})
    (group,) = release(counts, POLICIES[audience], NOTHING).groups.values()
    cell, (value, reason) = group.cells[OCCASIONS], score(group)
    assert (cell.value is None) == (people_in_it in SMALL or cell.state == SUPPRESSED)
    assert cell.value is None or abs(cell.value - people_in_it * often) <= 2
    assert (value is None) == (reason is not None)
    if value is not None:
        assert people_in_it not in SMALL
        assert value >= 0


@given(exact=people())
def test_the_practice_has_exact_counts_and_every_score_that_there_is(exact: dict[str, int]) -> None:
    states = {(GROUP.measure_id, name): "full" for name in POPULATIONS}
    (group,) = release(ExactCounts({GROUP: exact}, {}, states), POLICIES["practice"], NOTHING).groups.values()
    assert {name: cell.value for name, cell in group.cells.items()} == exact
    assert (score(group).value is None) == (score_denominator(exact) == 0)


few = settings(max_examples=settings.default.max_examples // 6)
"""Each example builds and checks the reports of a whole release."""


@pytest.mark.parametrize("audience", ABOVE)
@few
@given(people_each=st.integers(0, 120), seed=st.integers(0, 10_000))
def test_a_report_outside_the_practice_holds_no_small_number(audience: str, people_each: int, seed: int) -> None:
    released = released_reports(audience, people=people_each, seed=seed)
    for report in released.reports.values():
        check_resource(report)
        for number in _integers(report):
            assert number == 0 or (number >= 10 and number % 5 == 0)


@few
@given(people_each=st.integers(0, 60), seed=st.integers(0, 10_000))
def test_a_report_has_every_stratum_and_its_zeros(people_each: int, seed: int) -> None:
    measure = a_measure()
    released = released_reports("icb", people=people_each, seed=seed)
    for reporter, report in released.reports.items():
        counted = {(stratifier, stratum): group for stratifier, stratum, group in groups_of(report)}
        expected = [(one.id, stratum) for one in measure.stratifiers for stratum in one.strata]
        assert [key for key in counted if key[0] not in ("all", "practice", "pcn")] == expected
        for (stratifier, stratum), group in counted.items():
            exact = released.exact[Group(measure.id, reporter, stratifier, stratum)]
            assert count_of(group, "denominator") in ("masked", _given(exact["denominator"]))
            assert count_of(group, "numerator") in ("masked", _given(exact["numerator"]))
            assert ("measureScore" in group) != bool(extensions(group, "score-absent"))


def _given(count: int) -> int | str:
    return "masked" if count in SMALL else (count + 2) // 5 * 5


def _integers(element: Any) -> Iterator[int]:
    if isinstance(element, dict):
        for value in element.values():
            yield from _integers(value)
    elif isinstance(element, list):
        for value in element:
            yield from _integers(value)
    elif isinstance(element, int) and not isinstance(element, bool):
        yield element
