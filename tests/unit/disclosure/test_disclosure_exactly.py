"""What all sums of several reporters tell at once: held against every table that would be told alike."""

import random
from collections.abc import Collection, Iterator

import numpy as np
import pytest

from hi_fhir.disclosure.counts import ExactCounts
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.suppression.areas_of_then import AreasOfThen
from hi_fhir.disclosure.suppression.choosing import Costs, worths
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.exactly import proving
from hi_fhir.disclosure.suppression.exactly.proving import Proving, Unsafe, Work
from hi_fhir.disclosure.suppression.followed import Followed
from hi_fhir.disclosure.suppression.insiders import nobody
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import networks
from hi_fhir.disclosure.suppression.past import Earlier
from hi_fhir.disclosure.suppression.readers import CountReader, Everybody, WorkedOut
from hi_fhir.disclosure.suppression.suppress import suppressed
from hi_fhir.disclosure.suppression.together.ranges import Ranges
from tests.support.every_table import ALL, Cell, Table, counts_of, leaked
from tests.support.made_up_release import Sizes, made_up_release
from tests.support.tables_of_practices import released_table, told_by

OF_SEVERAL_REPORTERS = [[[0, 0, 0], [3, 0, 0]], [[1, 0, 0], [1, 1, 3]]]
"""Two practices by rows and columns. Each reporter's sums alone leave three values to every small count of the network,
and so do all of them one after the other; together they do not."""


class Reading:
    """What somebody who knows nothing but what is told works out of a table."""

    def __init__(self, exact: ExactCounts) -> None:
        [self.network] = networks(exact, {})
        past = Earlier(NOTHING, AreasOfThen.of(exact, ())).of(self.network, SMALL_NUMBERS, of_changes=True)
        self.knowledge = Knowledge(self.network, SMALL_NUMBERS, past)
        self.reader = CountReader(self.network, nobody(self.knowledge.is_small), self.knowledge.is_small, 3)
        followed = Followed(self.network.system, self.network.values.shape)
        self._everybody = Everybody(self.network, followed, self.reader, [])
        self.proving = Proving(self.network, Work(100_000, 40_000))

    @property
    def nothing(self) -> Flags:
        return np.zeros(self.network.values.shape, dtype=np.bool_)

    def told_nowhere(self, table: Table, suppressed: Flags) -> list[Cell]:
        """Counts of a table of which everything that tells them is suppressed."""
        places = {self.network.places[place] for place in np.flatnonzero(suppressed.all(axis=1)).tolist()}
        return [name for name in counts_of(table) if places.issuperset(one[1:] for one in told_by(name, len(table)))]

    def view(self, suppressed: Flags) -> WorkedOut:
        return self._everybody.public_view(self.knowledge.told(suppressed))

    def unsafe(self, view: WorkedOut) -> list[Unsafe]:
        return self.proving.unsafe(view.known, view.public, self.knowledge.is_small, self.reader.wanted)

    def loosened(self, view: WorkedOut, unsafe: Unsafe, suppressed: Flags) -> Flags:
        """With what else is to be suppressed for the sake of one."""
        allowed = self.knowledge.is_told & ~suppressed
        costs = Costs(self.network, self.knowledge, worths(self.network, self.knowledge.is_small), allowed)
        found = suppressed.copy()
        loose = self.knowledge.told(np.ones_like(suppressed)).own
        found.reshape(-1)[self.proving.suppressed_for(unsafe, view.known, loose, costs)] = True
        return found

    def named(self, table: Table, cells: Collection[int]) -> set[Cell]:
        """Counts of a table, where flat `cells` of everything that tells them are given."""
        places = {self.network.places[cell // self.network.values.shape[1]] for cell in cells}
        return {name for name in counts_of(table) if places.intersection(one[1:] for one in told_by(name, len(table)))}


def tables(seed: int, shape: tuple[int, int, int], counts: list[int], times: int) -> Iterator[Table]:
    """By chance, of practices, rows and columns."""
    draw = random.Random(seed)
    practices, rows, columns = shape
    for _ in range(times):
        yield [[[draw.choice(counts) for _ in range(columns)] for _ in range(rows)] for _ in range(practices)]


def test_sums_of_several_reporters_at_once_tell_what_those_of_each_do_not() -> None:
    reading = Reading(released_table(OF_SEVERAL_REPORTERS))
    view, small = reading.view(reading.nothing), reading.knowledge.is_small
    assert not len(view.tight)
    assert not Ranges(reading.network).holds(view.public, small, reading.reader.wanted).tight(small.shape).any()
    found = reading.named(OF_SEVERAL_REPORTERS, [one.cell for one in reading.unsafe(view)])
    assert found == set(leaked(OF_SEVERAL_REPORTERS, [])) == {(1, 0, 0), (1, 0, ALL), (ALL, 0, 0), (ALL, 0, ALL)}


def test_what_is_suppressed_for_several_sums_at_once_is_enough() -> None:
    reading = Reading(released_table(OF_SEVERAL_REPORTERS))
    hidden = reading.nothing
    for _ in range(8):
        view = reading.view(hidden)
        if not (unsafe := reading.unsafe(view)):
            break
        hidden = reading.loosened(view, unsafe[0], hidden)
    names = reading.named(OF_SEVERAL_REPORTERS, np.flatnonzero(hidden).tolist())
    assert names
    assert not leaked(OF_SEVERAL_REPORTERS, reading.told_nowhere(OF_SEVERAL_REPORTERS, hidden))


@pytest.mark.parametrize(
    ("shape", "counts"), [((2, 2, 2), [0, 1, 3, 7, 8, 9]), ((2, 2, 3), [0, 1, 2, 9]), ((3, 2, 2), [0, 0, 1, 3])]
)
def test_those_are_unsafe_of_which_every_table_that_is_told_alike_has_too_few_values(
    shape: tuple[int, int, int], counts: list[int]
) -> None:
    outcomes = set()
    for table in tables(3, shape, counts, times=12):
        reading = Reading(released_table(table))
        view = reading.view(reading.nothing)
        is_known = reading.knowledge.is_small & (view.public.low == view.public.high)
        cells = [one.cell for one in reading.unsafe(view)] + np.flatnonzero(is_known).tolist()
        found = reading.named(table, cells)
        assert found == set(leaked(table, [])), table
        outcomes.add(bool(found))
    assert outcomes == {True, False}


def test_the_same_is_shown_each_time_and_nothing_beyond_the_work_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = made_up_release(Sizes(measures=1, practices=4, pcns=2, people=300), seed=0)
    proven = {suppressed(exact, {}, SMALL_NUMBERS, 3).proven for _ in range(2)}
    assert len(proven) == 1
    monkeypatch.setattr(proving, "MOST_WORK", 0)
    monkeypatch.setattr(proving, "MOST_WORK_NEARBY", 0)
    none = suppressed(exact, {}, SMALL_NUMBERS, 3)
    assert none.proven < min(proven) <= none.guarded
