"""Differences and ratios of two groups, and the limits of funnels: equal to published worked values.

Worked values: Newcombe 1998, table II, (a), method 10; scipy's relative risk for Katz; PHEindicatormethods 2.1.0,
testdata_funnel_prop.
"""

import numpy as np
import pytest
from scipy.stats.contingency import relative_risk

from hi_fhir.statistics.comparisons import difference_interval, ratio_interval
from hi_fhir.statistics.counts import Fractions, GivenCounts
from hi_fhir.statistics.funnel import funnel_limits

APART, WITHIN = np.array([False]), np.array([True])


def fractions(x: int, n: int, off: int = 0) -> Fractions:
    return Fractions(*(GivenCounts(np.array([c]), np.array([c - off]), np.array([c + off])) for c in (x, n)))


def ends(interval: tuple[np.ndarray, np.ndarray]) -> list[float]:
    return [float(end[0]) for end in interval]


def test_a_difference_is_as_published() -> None:
    found = difference_interval(fractions(56, 70), fractions(48, 80), APART, is_rate=False)
    assert ends(found) == pytest.approx([0.0524, 0.3339], abs=5e-5)


@pytest.mark.parametrize(("one", "other"), [((56, 70), (48, 80)), ((8, 120), (95, 300)), ((20, 20), (10, 40))])
def test_a_ratio_is_as_scipy_has_it(one: tuple[int, int], other: tuple[int, int]) -> None:
    expected = relative_risk(*one, *other).confidence_interval(0.95)
    found = ratio_interval(fractions(*one), fractions(*other), APART, is_rate=False)
    assert ends(found) == pytest.approx([expected.low, expected.high])


def test_a_group_that_is_the_whole_is_not_apart_from_it() -> None:
    same = fractions(50, 80)
    assert ends(difference_interval(same, same, WITHIN, is_rate=False)) == pytest.approx([0, 0], abs=0.02)
    assert ends(ratio_interval(same, same, WITHIN, is_rate=False)) == pytest.approx([1, 1])


def test_a_large_part_of_the_whole_is_nearer_to_it_than_others_would_be() -> None:
    for interval in (difference_interval, ratio_interval):
        for is_rate in (False, True):
            part, whole = fractions(50, 80), fractions(60, 100)
            lower, upper = ends(interval(part, whole, WITHIN, is_rate=is_rate))
            apart = ends(interval(part, whole, APART, is_rate=is_rate))
            assert apart[0] < lower < upper < apart[1]


def test_the_interval_of_rounded_counts_is_the_widest_of_all_that_they_may_be() -> None:
    one, other = fractions(10, 30, 2), fractions(40, 100, 2)
    for interval in (difference_interval, ratio_interval):
        found = ends(interval(one, other, APART, is_rate=False))
        within = [
            ends(interval(fractions(x1, n1), fractions(x2, n2), APART, is_rate=False))
            for x1 in range(8, 13)
            for n1 in range(28, 33)
            for x2 in range(38, 43)
            for n2 in range(98, 103)
        ]
        assert found == pytest.approx([min(lower for lower, _ in within), max(upper for _, upper in within)])


def test_a_difference_of_rates_is_of_occasions_by_person() -> None:
    lower, upper = ends(difference_interval(fractions(200, 100), fractions(100, 100), APART, is_rate=True))
    assert lower < 1 < upper
    assert ends(ratio_interval(fractions(200, 100), fractions(100, 100), APART, is_rate=True)) == pytest.approx(
        [2 / np.exp(1.959964 * np.sqrt(0.015)), 2 * np.exp(1.959964 * np.sqrt(0.015))], rel=1e-6
    )


def test_of_nobody_there_is_a_difference_and_no_ratio() -> None:
    found = ratio_interval(fractions(10, 20), fractions(0, 20), APART, is_rate=False)
    assert not np.isfinite(found.upper[0])
    assert np.isfinite(ends(difference_interval(fractions(10, 20), fractions(0, 20), APART, is_rate=False))).all()


@pytest.mark.parametrize(
    ("people", "within", "lower", "upper"),
    [(1, 0.95, 0.03204264, 1), (3, 0.95, 0.35933491, 1), (5, 0.998, 0.26039864, 1), (7, 0.95, 0.51373565, 1)],
)
def test_funnels_are_as_published(people: int, within: float, lower: float, upper: float) -> None:
    whole = fractions(80642448, 100000000)
    found = funnel_limits(whole, GivenCounts.exact([people]), within, is_rate=False)
    assert ends(found) == pytest.approx([lower, upper], abs=1e-6)


def test_funnels_are_wider_for_what_rounding_leaves() -> None:
    exact = ends(funnel_limits(fractions(300, 500), GivenCounts.exact([50]), 0.95, is_rate=False))
    open_ = ends(funnel_limits(fractions(300, 500, 2), fractions(50, 50, 2).denominator, 0.95, is_rate=False))
    assert open_[0] < exact[0] < exact[1] < open_[1]


def test_a_funnel_of_rates_begins_at_nothing() -> None:
    lower, upper = ends(funnel_limits(fractions(50, 100), GivenCounts.exact([4]), 0.998, is_rate=True))
    assert lower == 0
    assert upper == pytest.approx(0.5 + 3.0902323 * np.sqrt(0.5 / 4))
