"""Reports made up for an attack: exact counts go in, and what the attacker is told of them comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hi_fhir.attack.told import NOTHING_KNOWN, Name, Report, Rounding, SamePeople, State, Told

NHS = Rounding(masked_to=7, base=5)
IP, NUMERATOR = "initial_population", "numerator"
WHOLE = ("all", "all")


class Exactly(NamedTuple):
    """A count that is given as it is."""

    people: int


Count = int | Exactly | State
Counts = Mapping[tuple[str, str], Count]
"""People by stratifier and stratum; a State: told of the count, whatever it is."""


def hidden(people: int, rule: Rounding) -> tuple[State, int]:
    """What is told of a count under a rule, worked out from the rule's words."""
    if people == 0:
        return State.EXACT, 0
    if people <= rule.masked_to:
        return State.MASKED, -1
    near = [one for one in range(people - rule.base, people + rule.base + 1) if one % rule.base == 0]
    return State.ROUNDED, min(near, key=lambda one: (abs(one - people), -one))


@dataclass
class Telling:
    """Gathers reports. rule: how each count is told. same: what the definitions tell."""

    rule: Rounding = NHS
    same: SamePeople = NOTHING_KNOWN
    reports: list[Report] = field(default_factory=list)
    cells: list[tuple[int, Name, State, int]] = field(default_factory=list)

    def report(
        self,
        reporter: str = "A",
        *,
        measure: str = "m",
        version: str = "1",
        practices: tuple[str, ...] = (),
        day: str = "2025-03-31",
        start: str = "2024-04-01",
        edition: str = "",
        **populations: Counts,
    ) -> "Telling":
        """A report of one measure. populations: of each, its counts."""
        self.reports.append(
            Report(
                measure,
                version,
                (start, day),
                day,
                day,
                reporter,
                practices,
                self.rule,
                f"{len(self.reports)}",
                edition,
            )
        )
        for population, counts in populations.items():
            for group, count in counts.items():
                self.cells.append((len(self.reports) - 1, Name(*group, population), *self._told(count)))
        return self

    def _told(self, count: Count) -> tuple[State, int]:
        if isinstance(count, State):
            return count, -1
        return (State.EXACT, count.people) if isinstance(count, Exactly) else hidden(count, self.rule)

    def told(self) -> Told:
        names = tuple(dict.fromkeys(name for _, name, _, _ in self.cells))
        rows = [(report, names.index(name), int(state), value) for report, name, state, value in self.cells]
        columns = np.array(rows, dtype=np.int32).reshape(-1, 4).T
        return Told(tuple(self.reports), names, *columns, same=self.same)
