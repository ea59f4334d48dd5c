"""Directly standardised rates: equal to published worked values.

Worked values: PHEindicatormethods 2.1.0, testdata_multiarea and testresults_DSR.
"""

import numpy as np
import pytest

from hi_fhir.statistics.counts import GivenCounts
from hi_fhir.statistics.standardised import standardised_rate

WEIGHTS = np.array(
    [5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000]
)
COUNTS = [127, 25, 18, 21, 12, 27, 48, 27, 29, 32, 32, 34, 45, 65, 38, 68, 74, 82, 91]
PEOPLE = [636, 558, 609, 543, 384, 594, 669, 843, 660, 576, 606, 522, 426, 273, 300, 288, 153, 123, 207]


def test_a_rate_by_the_european_standard_of_2013_is_as_published() -> None:
    found = standardised_rate(GivenCounts.exact([COUNTS]), GivenCounts.exact([PEOPLE]), WEIGHTS)
    ends = [float(end[0]) for end in found.interval]
    assert found.value[0] * 10_000 == pytest.approx(1043.0247991469423, abs=1e-6)
    assert [end * 10_000 for end in ends] == pytest.approx([971.77090679856803, 1117.894091547925], abs=1e-6)


def test_rounding_makes_it_wider() -> None:
    given = np.array([COUNTS], dtype=float)
    rounded = GivenCounts(given, given - 2, given + 2)
    plain = standardised_rate(GivenCounts.exact([COUNTS]), GivenCounts.exact([PEOPLE]), WEIGHTS)
    found = standardised_rate(rounded, GivenCounts.exact([PEOPLE]), WEIGHTS)
    assert found.value == plain.value
    assert found.interval.lower < plain.interval.lower
    assert found.interval.upper > plain.interval.upper


def test_an_age_band_with_nobody_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="somebody"):
        standardised_rate(GivenCounts.exact([[1, 1]]), GivenCounts.exact([[0, 5]]), np.array([1, 1]))
