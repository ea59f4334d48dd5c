"""For who is told exact totals and for who is not it is decided in turns, until neither needs more held back."""

from collections.abc import Sequence

import numpy as np
import pytest

from hi_fhir.disclosure.counts import ExactCounts, Group, Hierarchy
from hi_fhir.disclosure.policies import SMALL_NUMBERS
from hi_fhir.disclosure.suppression import suppress
from hi_fhir.disclosure.suppression.equations import Flags
from hi_fhir.disclosure.suppression.exactly.proving import Work
from hi_fhir.disclosure.suppression.knowledge import Knowledge
from hi_fhir.disclosure.suppression.network import Network

POPULATION = "initial_population"
STRATA = ("a", "b", "c", "d")
TOTAL = Group("m", "U", "all", "all")
COUNTS = {TOTAL: 40, **{Group("m", "U", "band", one): 10 for one in STRATA}}
EXACT = ExactCounts({one: {POPULATION: count} for one, count in COUNTS.items()}, {}, {}, hierarchy=Hierarchy())


class Scripted:
    """In place of Deciding: holds back what each decision is said to, beside what the one before did."""

    def __init__(self, script: Sequence[str]) -> None:
        self.left, self.asked = list(script), list[tuple[bool, set[str]]]()

    def __call__(
        self, network: Network, _: Hierarchy, knowledge: Knowledge, fewest: int, before: Flags | None = None
    ) -> "Scripted":
        assert fewest == 3
        self.already_known = self.guarded = self.proven = 0
        self._network, self._before = network, np.zeros_like(network.values, dtype=np.bool_)
        if before is not None:
            self._before = before
        knows_totals = bool(knowledge.is_known.any())
        self.asked.append((knows_totals, {network.places[place][2] for place, _ in np.argwhere(self._before)}))
        return self

    def decided(self, _: Work, of_insiders: Work) -> Flags:
        assert of_insiders.left_nearby == 0
        more = self.left.pop(0) if self.left else ""
        chosen = np.array([place[2] in more for place in self._network.places])[:, None]
        return self._before | chosen


@pytest.mark.parametrize(
    ("script", "decisions", "held_back"),
    [
        (["a"], 2, {"a"}),
        (["a", "b"], 3, {"a", "b"}),
        (["a", "b", "c"], 4, {"a", "b", "c"}),
        (["a", "b", "c", "d"], 5, {"a", "b", "c", "d"}),
    ],
)
def test_who_knows_totals_comes_first_and_each_sees_what_the_other_held_back_until_neither_adds(
    monkeypatch: pytest.MonkeyPatch, script: list[str], decisions: int, held_back: set[str]
) -> None:
    scripted = Scripted(script)
    monkeypatch.setattr(suppress, "Deciding", scripted)
    found = suppress.suppressed(EXACT, {}, SMALL_NUMBERS, 3, totals={TOTAL: (POPULATION,)})
    assert [knows for knows, _ in scripted.asked] == [number % 2 == 0 for number in range(decisions)]
    assert [seen for _, seen in scripted.asked[: len(script) + 1]] == [set(script[:n]) for n in range(len(script) + 1)][
        :decisions
    ]
    assert {one.stratum for one in found.groups} == held_back


def test_without_exact_totals_it_is_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(["a"])
    monkeypatch.setattr(suppress, "Deciding", scripted)
    found = suppress.suppressed(EXACT, {}, SMALL_NUMBERS, 3)
    assert len(scripted.asked) == 1
    assert {one.stratum for one in found.groups} == {"a"}
