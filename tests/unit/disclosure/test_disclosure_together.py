"""What all sums of a reporter's population tell together: held against integer programmes."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.equations import Flags, Limits
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, networks
from hi_fhir.disclosure.suppression.past import Earlier
from hi_fhir.disclosure.suppression.together.ranges import Ranges
from tests.support.made_up_release import Sizes, made_up_release

HELD_BY_SEVERAL = [[9, 0, 7, 0], [0, 1, 0, 0], [0, 6, 0, 0]]
"""By rows, columns and both. One after the other the sums leave each small count three values, together they do not."""


def crossed(table: list[list[int]]) -> ExactCounts:
    """People of one reporter by rows, by columns and by both."""
    cells = np.array(table)
    strata = {("all", "all"): cells.sum()}
    strata |= {("row", f"{row}"): line.sum() for row, line in enumerate(cells)}
    strata |= {("column", f"{column}"): line.sum() for column, line in enumerate(cells.T)}
    strata |= {("row*column", f"{row}*{column}"): count for (row, column), count in np.ndenumerate(cells)}
    groups = {Group("m", "A", *stratum): {"initial_population": int(count)} for stratum, count in strata.items()}
    return ExactCounts(groups, {}, {}, hierarchy=Hierarchy({}, {"A": ("A",)}, {"A": None}))


def bounded(exact: ExactCounts) -> Iterator[tuple[Network, Limits, Flags]]:
    """Each network of a release of which nothing is suppressed, with what follows one sum after the other."""
    earlier = Earlier(NOTHING, AreasOfThen.of(exact, ()))
    for network in networks(exact, {}):
        knowledge = Knowledge(network, SMALL_NUMBERS, earlier.of(network, SMALL_NUMBERS, of_changes=True))
        known = knowledge.told(np.zeros(network.values.shape, dtype=np.bool_))
        bounds = known.own.copy()
        network.system.tighten(bounds, known, np.ones(len(bounds.low), dtype=np.bool_))
        yield network, bounds, knowledge.is_small


def tight(network: Network, bounds: Limits, asked: Flags, fewest: int) -> Flags:
    shape = network.values.shape
    return Ranges(network).holds(bounds, asked, np.full(shape, fewest)).tight(shape)


def values_left(network: Network, bounds: Limits, place: int, layer: int) -> int:
    """How many values a count has by all sums of its reporter's population, from two integer programmes."""
    among = network.system.among
    own = [number for number, other in enumerate(network.places) if other[0] == network.places[place][0]]
    rows = sparse.lil_matrix((len(among.whole), len(network.places)))
    rows[np.arange(len(among.whole)), among.whole] = 1
    rows[among.equation, among.part] = -1
    matrix = rows.tocsr()
    others = np.setdiff1d(np.arange(len(network.places)), own)
    is_own = np.asarray(abs(matrix[:, others]).sum(axis=1)).ravel() == 0
    weights = np.zeros(len(own))
    weights[own.index(place)] = 1
    ends = [
        milp(
            sign * weights,
            integrality=np.ones(len(own)),
            bounds=Bounds(bounds.low[own, layer], bounds.high[own, layer]),
            constraints=LinearConstraint(matrix[is_own][:, own], 0, 0),
        ).fun
        for sign in (1, -1)
    ]
    return round(-ends[1] - ends[0]) + 1


def test_several_sums_at_once_hold_what_each_alone_does_not() -> None:
    for network, bounds, asked in bounded(crossed(HELD_BY_SEVERAL)):
        assert (bounds.high - bounds.low + 1 >= 3)[asked].all()
        assert tight(network, bounds, asked, 3).any()


def test_counts_are_tight_where_integer_programmes_leave_them_too_few_values() -> None:
    exact = made_up_release(Sizes(measures=1, practices=3, pcns=1, people=400), seed=0)
    outcomes = set()
    for network, bounds, is_small in bounded(exact):
        asked = is_small & (bounds.high - bounds.low + 1 >= 5)
        found = tight(network, bounds, asked, 5)
        for place, layer in np.argwhere(asked).tolist():
            is_tight = values_left(network, bounds, place, layer) < 5
            assert found[place, layer] == is_tight, network.places[place]
            outcomes.add(is_tight)
    assert outcomes == {True, False}


def test_of_counts_that_do_not_add_up_nothing_is_found_out() -> None:
    exact = crossed(HELD_BY_SEVERAL)
    groups = exact.groups | {Group("m", "A", "all", "all"): {"initial_population": 90}}
    for network, bounds, asked in bounded(ExactCounts(groups, {}, {}, hierarchy=exact.hierarchy)):
        assert not tight(network, bounds, asked, 3).any()
