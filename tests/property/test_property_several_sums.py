"""That all sums of a reporter together give no small count away, by integer programmes of the attack."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hi_fhir.attack.attacking import attack
from hi_fhir.core.audiences import Audience
from hi_fhir.core.progress import Silent
from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import POLICIES
from hi_fhir.disclosure.published import NOTHING
from hi_fhir.disclosure.release import release
from tests.support.overheard import overheard
from tests.support.possible_tables import Cell, counts_of

LIMIT_S = 30
HIERARCHY = Hierarchy({}, {"A": ("A",)}, {"A": None})


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    rows, columns = draw(st.sampled_from([(2, 3), (3, 3), (3, 4)]))
    cell = st.integers(0, draw(st.sampled_from([1, 3, 9])))
    return [[draw(cell) for _ in range(columns)] for _ in range(rows)]


@settings(max_examples=25, deadline=None)
@given(table=tables())
def test_no_small_count_of_a_reporter_is_worked_out_by_all_sums_together(table: list[list[int]]) -> None:
    groups = {_group(cell): {"initial_population": count} for cell, count in counts_of(table).items()}
    exact = ExactCounts(groups, {}, {}, hierarchy=HIERARCHY)
    found = attack(overheard(exact, release(exact, POLICIES[Audience.ICB], NOTHING)), Silent(), limit_s=LIMIT_S)
    assert (found.nearby, found.unseen) == (0, 0), "every masked count was decided"
    assert not found.recovered


def _group(cell: Cell) -> Group:
    named = [(kind, f"{at}") for kind, at in zip(("row", "column"), cell, strict=True) if at is not None]
    stratifier, stratum = ("*".join(part) for part in zip(*named, strict=True)) if named else ("all", "all")
    return Group("m", "A", stratifier, stratum)
