"""Intervals of shares and rates: equal to published worked values, and as wide as rounding asks for.

Worked values: the tests of PHEindicatormethods 2.1.0 (testdata_Byars_Wilson, testdata_Rate, testdata_Proportion).
"""

import numpy as np
import pytest
from scipy.stats import binomtest

from hi_fhir.statistics.counts import GivenCounts
from hi_fhir.statistics.intervals import byar, poisson, rate_interval, share_interval, wilson

Z_998 = 3.090232306167813


def rounded(given: int) -> GivenCounts:
    """A count to the nearest 5."""
    return GivenCounts(np.array([given]), np.array([max(8, given - 2)]), np.array([given + 2]))


@pytest.mark.parametrize(
    ("x", "n", "lower", "upper"),
    [
        (65, 100, 0.55254443296887967, 0.73635751756902468),
        (1045, 5000, 0.19795549880013297, 0.22049130373189027),
        (1, 100, 0.0017674320641406511, 0.054486196178705294),
        (9856, 12345, 0.79121017529090687, 0.80536400736149094),
        (7776456, 7564336677, 0.0010273201001641094, 0.0010287644578977231),
    ],
)
def test_wilson_is_as_published(x: int, n: int, lower: float, upper: float) -> None:
    assert wilson(x, n) == pytest.approx((lower, upper), abs=1e-9)


def test_wilson_at_another_confidence_is_as_published() -> None:
    assert wilson(65, 100, Z_998) == pytest.approx((0.49549465740704313, 0.77835406140896968), abs=1e-9)


@pytest.mark.parametrize(("x", "n"), [(0, 8), (3, 20), (20, 20), (170, 401)])
def test_wilson_is_as_scipy_has_it(x: int, n: int) -> None:
    low, high = binomtest(x, n).proportion_ci(method="wilson")
    assert wilson(x, n) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("x", "n"), [(1, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_what_is_no_share(x: int, n: int) -> None:
    with pytest.raises(ValueError, match="share"):
        wilson(x, n)


@pytest.mark.parametrize(
    ("x", "lower", "upper"),
    [
        (65, 50.163187710459454, 82.849138545939837),
        (1045, 982.59320180733255, 1110.3312129856499),
        (1, 0.013072132901504351, 5.5637555824752605),
    ],
)
def test_byar_is_as_published(x: int, lower: float, upper: float) -> None:
    assert byar(x) == pytest.approx((lower, upper), rel=1e-9)


@pytest.mark.parametrize(
    ("x", "lower", "upper"),
    [
        (1, 0.025317807984289897, 5.571643390938898),
        (5, 1.62348639011842, 11.668332079322669),
        (10, 4.7874499139, 18.3914594),
        (20, 12.211428834875937, 30.889880369197066),
        (65, 50.163187710459454, 82.849138545939837),
    ],
)
def test_a_rate_is_exact_below_ten_and_as_published(x: int, lower: float, upper: float) -> None:
    ends = poisson(np.array([x]))
    assert [float(end[0]) for end in ends] == pytest.approx([lower, upper], abs=1e-6)


def test_of_nothing_the_lower_end_is_nothing() -> None:
    lower, upper = poisson(np.array([0]))
    assert (lower[0], upper[0]) == pytest.approx((0, 3.6888794541139363))


def test_an_exact_count_has_the_plain_interval() -> None:
    assert [*share_interval(GivenCounts.exact([65]), GivenCounts.exact([100]))] == [*wilson([65], [100])]
    assert rate_interval(GivenCounts.exact([5]), GivenCounts.exact([100])).upper == pytest.approx([0.11668332079322669])


def test_the_interval_of_a_rounded_count_is_the_widest_of_all_that_it_may_be() -> None:
    numerator, denominator = rounded(10), rounded(20)
    all_ = [wilson(x, n) for x in range(8, 13) for n in range(18, 23)]
    found = share_interval(numerator, denominator)
    assert (found.lower[0], found.upper[0]) == (min(one.lower for one in all_), max(one.upper for one in all_))


def test_no_more_are_in_a_numerator_than_in_its_denominator_whatever_they_may_be() -> None:
    assert share_interval(rounded(20), rounded(20)).upper[0] == pytest.approx(1)


def test_the_rate_of_rounded_counts_is_the_widest() -> None:
    found = rate_interval(rounded(10), rounded(20))
    assert [*found] == [poisson(np.array([8])).lower / 22, poisson(np.array([12])).upper / 18]
