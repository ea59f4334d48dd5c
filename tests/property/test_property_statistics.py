"""What always holds of statistics: they follow from released cells alone, and what rounding leaves open is in them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hi_fhir.disclosure.cells import StratumCells, stratum_cells
from hi_fhir.disclosure.counts import ExactCounts, Group
from hi_fhir.disclosure.policies import POLICIES, SMALL_NUMBERS
from hi_fhir.disclosure.published import Published
from hi_fhir.disclosure.release import release
from hi_fhir.measures import registry
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.deriving import derive
from hi_fhir.reports.derived.plan import plan_of
from hi_fhir.statistics.comparisons import difference_interval, ratio_interval
from hi_fhir.statistics.counts import Fractions, GivenCounts
from hi_fhir.statistics.intervals import rate_interval, share_interval, wilson

POPULATIONS = ("initial_population", "denominator", "numerator")
[MEASURE] = registry.load(["ethnicity-recorded"])
PLAN = plan_of(MEASURE)
RULE = SMALL_NUMBERS
APART = np.array([False])


Exact = dict[Group, dict[str, int]]


def told(group: Group, table: Exact) -> StratumCells:
    """What a board is given of a stratum, decided by itself."""
    states = {(MEASURE.id, name): "full" for name in POPULATIONS}
    counts = ExactCounts({group: table[group]}, {}, states)
    [one] = release(counts, POLICIES["icb"], Published([])).groups.values()
    return stratum_cells(one, POPULATIONS)


def released(table: Exact) -> Strata:
    strata: dict[str, dict[str, StratumCells]] = {}
    for group in table:
        strata.setdefault(group.stratifier, {})[group.stratum] = told(group, table)
    return strata


@st.composite
def two_tables(draw: st.DrawFn) -> tuple[Exact, Exact]:
    """Exact counts of the strata of two breakdowns, and others that may be released alike."""
    one, other = {}, {}
    names = [(ALL, ALL), *((s.id, code) for s in MEASURE.stratifiers[4:5] for code in s.strata), ("core20", "core20")]
    for name in (*names, ("core20", "rest")):
        numerator, rest = draw(st.integers(0, 60)), draw(st.integers(0, 60))
        group = Group(MEASURE.id, "U1", *name)
        one[group] = dict(zip(POPULATIONS, (numerator + rest, numerator + rest, numerator), strict=True))
        more, fewer = draw(st.integers(-2, 2)), draw(st.integers(-2, 2))
        numerator, rest = max(0, numerator + more), max(0, rest + fewer)
        other[group] = dict(zip(POPULATIONS, (numerator + rest, numerator + rest, numerator), strict=True))
    return one, other


@given(tables=two_tables())
def test_what_is_hidden_behind_the_same_cells_makes_no_difference(tables: tuple[Exact, Exact]) -> None:
    one, moved = tables
    other = {group: moved[group] if told(group, moved) == told(group, one) else one[group] for group in one}
    assume(other != one)
    assert derive([PLAN], [released(one)], RULE) == derive([PLAN], [released(other)], RULE)


@given(tables=two_tables())
def test_there_is_an_interval_of_each_score_that_is_given_and_of_no_other(tables: tuple[Exact, Exact]) -> None:
    strata = released(tables[0])
    [found] = derive([PLAN], [strata], RULE)
    given = {(s, code) for s, own in strata.items() for code, cells in own.items() if "score" not in cells.populations}
    assert found.intervals.keys() == given
    for statistic in found.statistics:
        parts = {(statistic.about.stratifier, statistic.about.stratum)} if statistic.about.stratum else set()
        assert statistic.reason or parts <= given


def rounded(count: int) -> GivenCounts:
    """A count of 8 or more to the nearest 5, or nothing as it is."""
    given = RULE.apply(count).value or 0
    least, most = (max(8, given - 2), given + 2) if given else (0, 0)
    return GivenCounts(*(np.array([float(number)]) for number in (given, least, most)))


counts = st.one_of(st.just(0), st.integers(8, 200))


@given(x=counts, rest=counts)
def test_the_interval_of_a_rounded_share_holds_those_of_all_that_it_may_be(x: int, rest: int) -> None:
    assume(x + rest > 0)
    numerator, denominator = rounded(x), rounded(x + rest)
    lower, upper = (float(end[0]) for end in share_interval(numerator, denominator))
    ends = [
        wilson(many, of)
        for many in np.arange(numerator.least[0], numerator.most[0] + 1)
        for of in np.arange(denominator.least[0], denominator.most[0] + 1)
        if many <= of
    ]
    assert 0 <= lower <= min(float(one.lower) for one in ends) + 1e-12
    assert 1 >= upper >= max(float(one.upper) for one in ends) - 1e-12
    assert lower <= (x / (x + rest)) <= upper


@given(x=counts, n=st.integers(8, 200), off=st.integers(0, 7), more=st.integers(0, 7))
def test_more_rounding_never_makes_an_interval_narrower(x: int, n: int, off: int, more: int) -> None:
    assume(x <= n)

    def ends(by: int) -> list[list[float]]:
        given = [np.array([float(one)]) for one in (x, n)]
        both = [GivenCounts(one, np.maximum(one - by, 0), one + by) for one in given]
        return [[float(end[0]) for end in interval(*both)] for interval in (share_interval, rate_interval)]

    for narrow, wide in zip(ends(off), ends(off + more), strict=True):
        assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


@given(one=st.tuples(counts, counts), other=st.tuples(counts, counts))
@pytest.mark.parametrize("is_rate", [False, True])
def test_gaps_hold_what_exact_counts_would_say(is_rate: bool, one: tuple[int, int], other: tuple[int, int]) -> None:
    assume(min(one[0], other[0], *map(sum, (one, other))) > 0)
    exact = [Fractions(*(GivenCounts.exact([count]) for count in (x, x + rest))) for x, rest in (one, other)]
    given = [Fractions(rounded(x), rounded(x + rest)) for x, rest in (one, other)]
    for interval in (difference_interval, ratio_interval):
        narrow, wide = ([float(end[0]) for end in interval(*of, APART, is_rate=is_rate)] for of in (exact, given))
        assert wide[0] <= narrow[0] + 1e-9
        assert narrow[1] <= wide[1] + 1e-9
        values = [float(of.given[0]) for of in exact]
        estimate = values[0] - values[1] if interval is difference_interval else values[0] / values[1]
        assert narrow[0] - 1e-9 <= estimate <= narrow[1] + 1e-9


def test_corners_are_where_a_gap_is_widest() -> None:
    """Of small counts, by trying all."""
    one, other = Fractions(rounded(10), rounded(20)), Fractions(rounded(15), rounded(25))
    ranges = [np.arange(c.least[0], c.most[0] + 1) for c in (*one, *other)]
    wide = [float(end[0]) for end in difference_interval(one, other, APART, is_rate=False)]
    within = [
        difference_interval(
            Fractions(GivenCounts.exact([x1]), GivenCounts.exact([n1])),
            Fractions(GivenCounts.exact([x2]), GivenCounts.exact([n2])),
            APART,
            is_rate=False,
        )
        for x1, n1, x2, n2 in product(*ranges)
    ]
    assert wide[0] == pytest.approx(min(float(of.lower[0]) for of in within))
    assert wide[1] == pytest.approx(max(float(of.upper[0]) for of in within))
