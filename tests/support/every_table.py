"""Every table of whole numbers that would be told alike, looked for one cell after the other.

Of practices, rows and columns: each practice's people by rows, columns and both, and the same of all of these together.
It knows nothing of hi_fhir but what is published: 1 to 7 is masked, more is told to the nearest 5, and sums add up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count as counting
from itertools import product
from math import inf
from typing import NamedTuple

Table = Sequence[Sequence[Sequence[int]]]
"""People by practice, row and column."""
Cell = tuple[int, int, int]

FEW, BASE, FEWEST, ALL = 7, 5, 3, -1
"""ALL: in place of a practice, row or column, all of them."""
_BOUNDLESS = 10**6
TRIES = 100, inf
"""That a value is impossible may take very long to see, and need not be seen where others are soon found."""


class Told(NamedTuple):
    """A count that is the sum of cells, between two ends."""

    cells: tuple[Cell, ...]
    low: int
    high: int


class Ends(dict[Cell, tuple[int, int]]):
    """Between what each cell lies."""


def counts_of(table: Table) -> dict[Cell, int]:
    """All counts: of practices, rows and columns, where ALL stands for the sum."""
    return {name: sum(table[p][r][c] for p, r, c in _summed(name, table)) for name in _names(table)}


def leaked(table: Table, suppressed: Iterable[Cell], knows: int | None = None) -> dict[Cell, int]:
    """The small counts of which fewer than FEWEST values are possible, with how many are.

    knows: the practice that looks, by its number, if one does: it has its own counts as they are, and small are
    those of the others, of each by itself and of all of them.
    """
    held_back, exact = set(suppressed), counts_of(table)
    sums = {name: _told(_summed(name, table), exact[name], name in held_back) for name in exact}
    others = exact
    if knows is not None:
        own = {name: count for name, count in exact.items() if name[0] == knows}
        sums |= {name: sums[name]._replace(low=count, high=count) for name, count in own.items()}
        others = {
            name: count - (exact[knows, *name[1:]] if name[0] == ALL else 0)
            for name, count in exact.items()
            if name not in own
        }
    small = [name for name, count in others.items() if 1 <= count <= FEW]
    return _too_few(sums, small, exact, table)


def left_of_both(
    then: Table, held_back_then: Iterable[Cell], now: Table, held_back_now: Iterable[Cell] | None, knows: int | None
) -> dict[Cell, int]:
    """The same for whoever knows by how much each count differs, of a table that was told before and one told now.

    held_back_now: None: nothing is told now. Small are those that are so in one of them. knows: as of `leaked`, both.
    """
    hidden_then, hidden_now = set(held_back_then), set(held_back_now or ())
    before, exact = counts_of(then), counts_of(now)
    sums, small = {}, []
    for name, count in exact.items():
        change, cells = count - before[name], _summed(name, now)
        first = _told(cells, before[name], name in hidden_then)
        second = _told(cells, count, held_back_now is None or name in hidden_now)
        low, high = max(first.low + change, second.low), min(first.high + change, second.high)
        own = (knows, *name[1:])
        if name[0] == knows:
            low = high = count
        elif is_small(before, name, own, knows) or is_small(exact, name, own, knows):
            small.append(name)
        sums[name] = Told(cells, max(low, 0), high)
    return _too_few(sums, small, exact, now)


def is_small(counts: Mapping[Cell, int], name: Cell, own: Cell, knows: int | None) -> bool:
    """Whether few people are in a count, or few others than those of the practice that looks."""
    return 1 <= counts[name] - (counts[own] if knows is not None and name[0] == ALL else 0) <= FEW


def _too_few(
    sums: Mapping[Cell, Told], small: Sequence[Cell], exact: Mapping[Cell, int], table: Table
) -> dict[Cell, int]:
    seen = {name: {exact[name]} for name in small}
    truth = {(p, r, c): table[p][r][c] for p, r, c in _summed((ALL, ALL, ALL), table)}
    for name, tries in product(small, TRIES):
        for value in sorted(range(exact[name] + 3 * BASE + FEW), key=lambda one: abs(one - exact[name])):
            if len(seen[name]) >= FEWEST:
                break
            if value in seen[name] or not sums[name].low <= value <= sums[name].high:
                continue
            asked = {**sums, name: sums[name]._replace(low=value, high=value)}
            boundless = Ends(dict.fromkeys(truth, (0, _BOUNDLESS)))
            found = _any_table(list(asked.values()), boundless, truth, counting(1), tries)
            for other in small if found else ():
                seen[other].add(sum(found[cell] for cell in sums[other].cells))
    return {name: len(values) for name, values in seen.items() if len(values) < FEWEST}


def _any_table(
    sums: Sequence[Told], ends: Ends, truth: Mapping[Cell, int], tried: Iterator[int], most: float
) -> dict[Cell, int]:
    """Cells that fit all sums; nothing where none do, or none were found by so many tries."""
    if next(tried) > most:
        return {}
    narrow = _narrowed(sums, ends)
    if narrow is None:
        return {}
    open_cells = [cell for cell, (low, high) in narrow.items() if low < high]
    if not open_cells:
        return {cell: low for cell, (low, _) in narrow.items()}
    cell = min(open_cells, key=lambda one: (narrow[one][1] - narrow[one][0], one))
    low, high = narrow[cell]
    near = range(low, min(high, low + truth[cell] + 6 * BASE) + 1)
    for value in sorted(near, key=lambda one: abs(one - truth[cell])):
        if found := _any_table(sums, Ends(narrow | {cell: (value, value)}), truth, tried, most):
            return found
    return {}


def _narrowed(sums: Sequence[Told], ends: Ends) -> Ends | None:
    """What each sum leaves to each of its cells, until nothing changes; None where one leaves nothing."""
    found, is_changed = Ends(ends), True
    while is_changed:
        is_changed = False
        for cells, low, high in sums:
            least, most = sum(found[one][0] for one in cells), sum(found[one][1] for one in cells)
            if least > high or most < low:
                return None
            if least >= low and most <= high:
                continue
            for one in cells:
                own_low, own_high = found[one]
                narrow = max(own_low, low - most + own_high), min(own_high, high - least + own_low)
                if narrow != (own_low, own_high):
                    found[one] = narrow
                    least, most = least + narrow[0] - own_low, most + narrow[1] - own_high
                    is_changed = True
    return found


def _told(cells: tuple[Cell, ...], count: int, is_suppressed: bool) -> Told:
    if is_suppressed:
        return Told(cells, 0, _BOUNDLESS)
    if count == 0:
        return Told(cells, 0, 0)
    if count <= FEW:
        return Told(cells, 1, FEW)
    nearest = (count + BASE // 2) // BASE * BASE
    return Told(cells, max(nearest - BASE // 2, FEW + 1), nearest + BASE // 2)


def _names(table: Table) -> list[Cell]:
    """Of one practice there is nothing that is of all of them."""
    practices = [*range(len(table)), *([ALL] if len(table) > 1 else [])]
    return list(product(practices, [*range(len(table[0])), ALL], [*range(len(table[0][0])), ALL]))


def _summed(name: Cell, table: Table) -> tuple[Cell, ...]:
    shape = (len(table), len(table[0]), len(table[0][0]))
    return tuple(product(*(range(size) if own == ALL else (own,) for own, size in zip(name, shape, strict=True))))
