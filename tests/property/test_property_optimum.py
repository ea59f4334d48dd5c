"""How much more is suppressed than the least that would do, found by trying every choice on small shapes."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pytest

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.suppression.deciding import Deciding
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.exactly.proving import Work
from hi_fhir.disclosure.suppression.followed import Followed
from hi_fhir.disclosure.suppression.insiders import insiders, nobody
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network, networks
from hi_fhir.disclosure.suppression.past import Past
from hi_fhir.disclosure.suppression.readers import CountReader, Everybody

FEWEST, FEW = 3, 7
MOST_OF_THE_OPTIMUM = 1.1
TWO = Hierarchy({}, {"A": ("A",), "B": ("B",), "U": ("A", "B")}, {"A": "U", "B": "U"})


def of_two_practices(tables: Sequence[npt.NDArray[np.int64]]) -> ExactCounts:
    """Two practices and their network, each by rows, by columns and by both. tables: people of each practice."""
    groups: dict[Group, dict[str, int]] = {}
    for reporter, table in zip("ABU", (*tables, sum(tables)), strict=True):
        rows, columns = table.shape
        counts = {("all", "all"): table.sum()}
        counts |= {("row", f"r{row}"): table[row].sum() for row in range(rows)}
        if columns > 1:
            counts |= {("column", f"c{column}"): table[:, column].sum() for column in range(columns)}
            for row, column in product(range(rows), range(columns)):
                counts["row*column", f"r{row}*c{column}"] = table[row, column]
        for stratum, count in counts.items():
            groups[Group("m", reporter, *stratum)] = {"initial_population": int(count)}
    return ExactCounts(groups, {}, {}, hierarchy=TWO)


def least(network: Network, knowledge: Knowledge, most: int) -> int:
    """The fewest counts of 8 and more that have to be suppressed, if any number of others may be; `most` is enough."""
    known = [nobody(knowledge.is_small), *insiders(network, TWO, FEW, knowledge.is_guarded)]
    public, *others = (CountReader(network, one, knowledge.is_small, FEWEST) for one in known)
    everybody = Everybody(network, Followed(network.system, network.values.shape), public, others)
    free = network.values[:, 0] <= FEW
    dear = np.flatnonzero(~free)
    for size in range(most):
        for chosen in combinations(dear.tolist(), size):
            flags: Flags = free[:, None].copy()
            flags[list(chosen)] = True
            view = everybody.public_view(knowledge.told(flags))
            if not len(view.tight) and not any(len(one.tight) for one in everybody.views(view, others)):
                return size
    return most


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2, 1), (3, 1), (2, 2), (2, 3)])
def test_little_more_is_suppressed_than_the_least_that_would_do(shape: tuple[int, int]) -> None:
    draw = np.random.default_rng(7)
    ours = optimum = 0
    for _ in range(60):
        tables = [draw.integers(0, draw.choice([3, 9, 15]), shape) for _ in range(2)]
        for network in networks(of_two_practices(tables), {}):
            knowledge = Knowledge(network, SMALL_NUMBERS, Past.nothing(network))
            found = Deciding(network, TWO, knowledge, FEWEST).decided(Work(2_000, 1_000))
            number = int((found & (network.values > FEW)).sum())
            ours += number
            optimum += least(network, knowledge, number)
    assert optimum > 0
    assert ours <= MOST_OF_THE_OPTIMUM * optimum, (ours, optimum)
