"""What is told of the counts of the whole run: no small one may follow from the sums that they are parts of."""

from collections.abc import Collection, Mapping, Sequence

from hi_fhir.disclosure.counts import MASKED, SUPPRESSED, Cell, RunCount, RunSum
from hi_fhir.disclosure.policies import Rule

FEWEST = 3
"""Values that a small count of the run keeps, whoever the reports are for: the same counts go to everybody."""
UNBOUNDED = 2**30
_SUPPRESSED = Cell(SUPPRESSED, None)


Ends = dict[RunCount, tuple[int, int]]


def released_run(run: Mapping[RunCount, int], sums: Sequence[RunSum], rule: Rule) -> dict[RunCount, Cell]:
    """Each count as the rule gives it, or suppressed for the sake of a small one. sums: those that hold among them."""
    cells = {name: rule.apply(count) for name, count in run.items()}
    while tight := _tight(cells, sums, rule):
        beside = [name for one in sums if tight in one.members for name in one.members]
        anywhere = [name for one in sums for name in one.members]
        chosen = _tellable(cells, beside, tight) or _tellable(cells, anywhere, tight)
        cells[min(chosen, key=lambda name: _cost(run, cells, sums, name))] = _SUPPRESSED
    return cells


def _tight(cells: Mapping[RunCount, Cell], sums: Sequence[RunSum], rule: Rule) -> RunCount | None:
    """The first masked count that has too few values left."""
    ends = narrowed({name: _told(cell, rule) for name, cell in cells.items()}, sums)
    of_sums = {name for one in sums for name in one.members}
    masked = (name for name, cell in cells.items() if cell.state == MASKED and name in of_sums)
    return next((name for name in masked if ends[name][1] - ends[name][0] + 1 < FEWEST), None)


def _tellable(cells: Mapping[RunCount, Cell], names: Collection[RunCount], tight: RunCount) -> list[RunCount]:
    """Those beside a tight one of which something is told, and could be held back."""
    return [name for name in names if name != tight and cells[name].state != SUPPRESSED]


def _cost(
    run: Mapping[RunCount, int], cells: Mapping[RunCount, Cell], sums: Sequence[RunSum], name: RunCount
) -> tuple[bool, bool, int, RunCount]:
    """What is held back first: a part, then one that is masked anyway, then the smallest."""
    is_whole = any(name == one.whole and len(one.parts) > 1 for one in sums)
    return is_whole, cells[name].state != MASKED, run[name], name


def _told(cell: Cell, rule: Rule) -> tuple[int, int]:
    if cell.state == MASKED:
        return 1, rule.masked_to
    if cell.value is None:
        return 0, UNBOUNDED
    near = rule.base // 2 if cell.value else 0
    return max(cell.value - near, rule.masked_to + 1 if near else 0), cell.value + near


def narrowed(ends: Ends, sums: Sequence[RunSum]) -> Ends:
    """The ends that are left of each count by all sums, one after the other until nothing changes."""
    found = dict(ends)
    while True:
        before = dict(found)
        for whole, parts in sums:
            low, high = (sum(found[part][end] for part in parts) for end in (0, 1))
            found[whole] = max(found[whole][0], low), min(found[whole][1], high)
            for part in parts:
                own_low, own_high = found[part]
                others_low, others_high = low - own_low, high - own_high
                found[part] = (
                    max(own_low, found[whole][0] - others_high),
                    min(own_high, found[whole][1] - others_low),
                )
                low, high = others_low + found[part][0], others_high + found[part][1]
        if found == before:
            return found
