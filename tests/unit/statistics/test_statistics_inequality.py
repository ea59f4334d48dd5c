"""The slope over deprivation: equal to published worked values.

Worked values: PHEindicatormethods 2.1.0, testdata_SII, area1 and area2 (life expectancy by decile).
"""

import numpy as np
import pytest

from hi_fhir.statistics.counts import ConfidenceInterval
from hi_fhir.statistics.inequality import RankedValues, inequality, standard_error

AREA1 = [
    (7291, 75.933459010308098, 1.6384724263585451),
    (7997, 78.344238272784295, 1.578192884542907),
    (6105, 83.836063104165405, 1.5134355059640296),
    (7666, 83.637539966493094, 1.7754906175801293),
    (5790, 80.465503152955904, 1.7013390591981388),
    (6934, 81.115675985702197, 1.5641210737675499),
    (5918, 81.693083571856207, 1.3681148366878566),
    (5974, 84.190006206098701, 1.4001418005940802),
    (7147, 80.595564108147201, 2.4328463975781616),
    (7534, 86.289434957862397, 1.5665181695934678),
]
"""People, value and standard error of each decile."""
SIMULATED = 0.05
"""How near published limits are, which are drawn at random."""


def ranked(rows: list[tuple[float, float, float]], off: float = 0) -> RankedValues:
    people, given, error = (np.array([column]) for column in zip(*rows, strict=True))
    return RankedValues(given, error, given - off, given + off, people)


def test_slope_and_relative_index_are_as_published() -> None:
    found = inequality(ranked(AREA1))
    assert found.slope[0] == pytest.approx(6.9346164736688189, abs=1e-9)
    assert found.relative[0] == pytest.approx(1.0888180804446217, abs=1e-9)
    assert found.slope[0] / (found.relative[0] - 1) == pytest.approx(78.076631, abs=1e-6)  # the intercept


def test_their_limits_are_those_that_were_drawn() -> None:
    found = inequality(ranked(AREA1))
    ends = [float(end[0]) for end in (*found.slope_interval, *found.relative_interval)]
    assert ends[:2] == pytest.approx([3.1275946176508169, 10.7586873680794], abs=SIMULATED)
    assert ends[2:] == pytest.approx([1.0383690591642838, 1.1412993360251238], abs=SIMULATED / 78)


def test_limits_are_percentiles_of_drawn_values() -> None:
    values = ranked(AREA1)
    draws = np.random.default_rng(1).normal(values.given[0], values.error[0], (100_000, 10))
    drawn = inequality(
        RankedValues(draws, np.zeros_like(draws), draws, draws, np.repeat(values.people, 100_000, axis=0))
    )
    found = inequality(values)
    tails = [2.5, 97.5]
    assert [float(end[0]) for end in found.slope_interval] == pytest.approx(np.percentile(drawn.slope, tails), abs=0.05)
    assert [float(end[0]) for end in found.relative_interval] == pytest.approx(
        np.percentile(drawn.relative, tails), abs=0.001
    )


def test_the_least_deprived_doing_better_is_above_nothing_and_one() -> None:
    found = inequality(ranked([(100, 0.5, 0.01), (100, 0.55, 0.01), (100, 0.6, 0.01)]))
    assert found.slope[0] == pytest.approx(0.15)
    assert found.relative[0] == pytest.approx(0.625 / 0.475)


def test_rounding_makes_both_wider() -> None:
    plain, rounded = inequality(ranked(AREA1)), inequality(ranked(AREA1, off=0.5))
    assert rounded.slope[0] == plain.slope[0]
    for exact, open_ in (
        (plain.slope_interval, rounded.slope_interval),
        (plain.relative_interval, rounded.relative_interval),
    ):
        assert open_.lower[0] < exact.lower[0] < exact.upper[0] < open_.upper[0]


def test_a_line_that_may_begin_at_nothing_has_no_relative_limits() -> None:
    found = inequality(ranked([(100, 0.01, 0.05), (100, 0.02, 0.05), (100, 0.03, 0.05)]))
    assert np.isnan(found.relative_interval.lower[0])
    assert np.isfinite(found.slope_interval.lower[0])


def test_an_interval_comes_to_a_standard_error() -> None:
    interval = ConfidenceInterval(np.array([72.722053054645301]), np.array([79.144864965970797]))
    assert standard_error(interval)[0] == pytest.approx(1.6384724263585451, rel=2e-5)  # published by 1.96
