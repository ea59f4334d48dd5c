"""Whatever the people: what an attack says of a count is true of them, and what it takes beyond single sums too."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.attack.attacking import bounded
from hi_fhir.attack.exact.checking import check
from hi_fhir.core.progress import Silent
from tests.support.crowds import Made, made


def exact_counts(crowd: Made, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the counts that were told, and how many people each is."""
    return crowd.told.report * width + crowd.told.name, crowd.exact


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), people=st.integers(20, 2_000))
def test_no_bound_is_wrong_of_people_who_hang_together(seed: int, people: int) -> None:
    crowd = made(measures=2, practices=4, people=people, seed=seed, a_network=2)
    found = bounded(crowd.told, Silent())
    places, exact = exact_counts(crowd, len(found.counts.names))
    assert not found.bounds.contradicted.any()
    assert (found.bounds.low[places] <= exact).all()
    assert (exact <= found.bounds.high[places]).all()


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_bound_beyond_single_sums_is_wrong_either(seed: int) -> None:
    crowd = made(measures=1, practices=2, people=100, seed=seed, a_network=2)
    found = bounded(crowd.told, Silent())
    places, exact = exact_counts(crowd, len(found.counts.names))
    checked = check(found.system, found.bounds, found.counts.is_guarded, 1, Silent())
    assert (checked.low[places] <= exact).all()
    assert (exact <= checked.high[places]).all()
    assert (checked.low >= found.bounds.low).all()
    assert (checked.high <= found.bounds.high).all()
