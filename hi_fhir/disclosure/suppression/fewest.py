"""The fewest counts whose suppression makes a small network safe, found for certain.

Whatever else is suppressed, more makes nothing less safe. So where a choice is not safe, it is made as large as it can
be without being safe: any choice that is has one of the counts that are still missing. The fewest counts that have one
of each such set are the next choice.
"""

from collections.abc import Callable, Iterator, Sequence

MOST_ASKED, MOST_TRIED = 150, 10_000
"""How often it is asked at most whether a choice is safe, and how many beginnings of choices are tried.

What is not found by then is left as it was. No clock ends it, so the same is found each time.
"""

Choice = frozenset[int]


class Fewest:
    """counts: those that are better suppressed first."""

    def __init__(self, counts: Sequence[int], is_safe: Callable[[Choice], bool]) -> None:
        self._counts, self._is_safe = counts, is_safe
        self._left, self._tries = MOST_ASKED, MOST_TRIED

    def below(self, most: int) -> Choice | None:
        """Fewer than `most` counts that are enough, and the fewest that are. None: there are not so few, as far as was
        asked.
        """
        missing: list[Choice] = []
        for size in range(most):
            while (choice := next(self._hitting(missing, size), None)) is not None:
                if self._is_enough(choice):
                    return choice
                missing.append(self._missing(choice))
                if self._left <= 0:
                    return None
        return None

    def _is_enough(self, choice: Choice) -> bool:
        self._left -= 1
        return self._is_safe(choice)

    def _missing(self, choice: Choice) -> Choice:
        """Counts of which every choice that is enough has one."""
        for count in reversed(self._counts):
            if count not in choice and self._left > 0 and not self._is_enough(choice | {count}):
                choice |= {count}
        return frozenset(self._counts) - choice

    def _hitting(self, sets: Sequence[Choice], size: int) -> Iterator[Choice]:
        """So many counts, or fewer, that have one of each of the sets."""
        self._tries -= 1
        if not sets:
            yield frozenset()
        elif size > 0 and self._tries > 0:
            smallest = min(sets, key=len)
            for count in self._counts:
                if count in smallest:
                    for others in self._hitting([one for one in sets if count not in one], size - 1):
                        yield others | {count}
