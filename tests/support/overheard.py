"""What a reader of a release is told of it, by those rows alone that a store would keep."""

from collections.abc import Hashable, Iterator, Mapping

import numpy as np

from hi_fhir.attack.reading.words import score_state, state_of
from hi_fhir.attack.told import SCORE, SMALL_NUMBERS, Name, Report, SamePeople, State, Told
from hi_fhir.disclosure.counts import ExactCounts, ReleasedGroup
from hi_fhir.disclosure.release import ReleasedCounts
from hi_fhir.disclosure.scores import score

DAYS = ("2024-04-01", "2025-03-31")
_VERSION = "1"


def overheard(exact: ExactCounts, released: ReleasedCounts) -> Told:
    """Every cell and every score, or the reason for which there is none; and what the definitions tell."""
    practices = exact.hierarchy.practices
    reports = {key: number for number, key in enumerate(dict.fromkeys(group[:2] for group in released.groups))}
    names: dict[Name, int] = {}
    rows = [
        (reports[group[:2]], names.setdefault(Name(*group[2:], population), len(names)), state, value)
        for group, of_group in released.groups.items()
        for population, state, value in _cells(of_group)
    ]
    columns = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    return Told(
        tuple(
            Report(
                measure,
                _VERSION,
                DAYS,
                DAYS[1],
                DAYS[1],
                reporter,
                tuple(practices.get(reporter, ())),
                SMALL_NUMBERS,
                f"{number}",
                tells_totals=released.policy.tells_totals,
            )
            for (measure, reporter), number in reports.items()
        ),
        tuple(names),
        *columns,
        same=_same(exact.conditions),
    )


def _cells(of_group: ReleasedGroup) -> Iterator[tuple[str, State, int]]:
    for population, cell in of_group.cells.items():
        yield (
            population,
            state_of(cell.state, of_group.reasons.get(population)),
            -1 if cell.value is None else cell.value,
        )
    if "denominator" in of_group.cells:
        found = score(of_group)
        yield SCORE, State.SCORE_GIVEN if found.value is not None else score_state(found.reason), -1


def _same(conditions: Mapping[tuple[str, str], frozenset[Hashable]]) -> SamePeople:
    names = {one: f"{number}" for number, one in enumerate(dict.fromkeys(conditions.values()))}
    who: dict[tuple[str, str], dict[str, str]] = {}
    for (measure, population), own in conditions.items():
        who.setdefault((measure, _VERSION), {})[population] = names[own]
    within = frozenset(
        (names[narrow], names[wide])
        for narrow in names
        for wide in names
        if wide < narrow and not any(wide < other < narrow for other in names)
    )
    return SamePeople(who, within)
