"""What people who are moved show, held against integer programmes: there is a table with each value that is shown."""

import random

import numpy as np
import pytest

from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.equations import Limits
from hi_fhir.disclosure.suppression.exactly.moving import moved
from hi_fhir.disclosure.suppression.exactly.parts import incidence
from hi_fhir.disclosure.suppression.exactly.programmes import FittingTables
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import networks
from hi_fhir.disclosure.suppression.past import Earlier
from tests.support.made_up_release import Sizes, made_up_release

NODES = 5_000


@pytest.mark.parametrize(
    ("measures", "practices", "tried"), [(1, 2, 15), pytest.param(2, 4, 200, marks=pytest.mark.slow)]
)
def test_each_value_that_is_shown_is_in_a_table_that_fits_all_sums(measures: int, practices: int, tried: int) -> None:
    exact = made_up_release(Sizes(measures, practices, pcns=2, people=250, shared=2), seed=2)
    [network] = networks(exact, {})
    past = Earlier(NOTHING, AreasOfThen.of(exact, ())).of(network, SMALL_NUMBERS, of_changes=True)
    known = Knowledge(network, SMALL_NUMBERS, past).told(np.zeros(network.values.shape, dtype=np.bool_))
    bounds = known.own.copy()
    network.system.tighten(bounds, known, np.ones(len(bounds.low), dtype=np.bool_))
    shown = [
        (int(place), one.layer, one.more)
        for one in moved(network, known, bounds)
        for place in np.flatnonzero(one.flags)
    ]
    layers = network.values.shape[1]
    tables = FittingTables(incidence(network), network.values.reshape(-1), np.arange(network.values.size))
    assert {more for _, _, more in shown} == {-2, -1, 1, 2}
    assert len({place * layers + layer for place, layer, _ in shown}) > 100
    for place, layer, more in random.Random(1).sample(shown, tried):
        asked = Limits(bounds.flat.low.copy(), bounds.flat.high.copy())
        asked.low[place * layers + layer] = asked.high[place * layers + layer] = network.values[place, layer] + more
        found = tables.solved(asked, known.flat, np.zeros(asked.low.size), NODES)
        assert found.values is not None, (network.places[place], network.layers[layer], more)
