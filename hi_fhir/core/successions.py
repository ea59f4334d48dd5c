"""Which organisation follows which, from when on: what that means for codes is worked out here, and nowhere else.

An organisation that another follows has ended: on the day from which that is so it is no more. Source: ODS publishes
a succession once its predecessor has a legal end, with the legal day of it (ODS reference data catalogue, Succession).
"""

from collections.abc import Collection, Iterable
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple


class Succession(NamedTuple):
    """ODS codes. starts: the first day on which the predecessor is no more, and the successor is in its place."""

    predecessor: str
    successor: str
    starts: date


class EndedOrganisation(NamedTuple):
    """on: the first day without it. followed_by: who is in its place now, in order of code."""

    code: str
    on: date
    followed_by: tuple[str, ...]

    def __str__(self) -> str:
        follow = "follows" if len(self.followed_by) == 1 else "follow"
        return f"{self.code} ended on {self.on} ({', '.join(self.followed_by)} {follow} it)"


class Successions:
    """Those of some organisations: all that lead from them, and to them."""

    def __init__(self, known: Iterable[Succession]) -> None:
        self._from: dict[str, list[Succession]] = {}
        self._to: dict[str, list[Succession]] = {}
        for one in sorted(known):
            self._from.setdefault(one.predecessor, []).append(one)
            self._to.setdefault(one.successor, []).append(one)

    def end(self, code: str) -> date | None:
        """The first day without an organisation; None: none is known."""
        return min((one.starts for one in self._from.get(code, ())), default=None)

    def ended(self, codes: Iterable[str], day: date) -> list[EndedOrganisation]:
        """Those of the organisations that are no more on a day, in order of code."""
        ends = ((code, self.end(code)) for code in sorted(codes))
        return [EndedOrganisation(code, on, self.in_place_of(code, day)) for code, on in ends if on and on <= day]

    def in_place_of(self, code: str, day: date) -> tuple[str, ...]:
        """Who is there on a day in place of an organisation, in order of code; itself where it is there still."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [code]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            following = [next_.successor for next_ in self._from.get(one, ()) if next_.starts <= day]
            waiting.extend(following)
            if not following:
                found.add(one)
        return tuple(sorted(found))

    def following(self, code: str) -> frozenset[str]:
        """All who follow an organisation, over any number of others, whenever that is."""
        found: set[str] = set()
        waiting = [code]
        while waiting:
            following = {one.successor for one in self._from.get(waiting.pop(), ())} - found
            found |= following
            waiting.extend(following)
        return frozenset(found)

    def nearest(self, code: str, among: Collection[str]) -> str | None:
        """The first of some organisations that an undivided one went up in, over others if need be; None: in none."""
        while (following := {one.successor for one in self._from.get(code, ())}) and len(following) == 1:
            [code] = following
            if code in among:
                return code
        return None

    def heir(self, code: str) -> str | None:
        """Who has the reports of an organisation once it ended, from whenever on; None: it has no end, or is divided.

        Of one that several follow nobody can tell whose its reports are, from whenever these are.
        """
        found: str | None = code
        while found in self._from:
            following = {one.successor for one in self._from[found]}
            found = following.pop() if len(following) == 1 else None
        return None if found == code else found

    def inherited(self, code: str, day: date) -> frozenset[str]:
        """Organisations whose reports another has on a day: whom it alone follows, and whom these alone followed."""
        found: set[str] = set()
        waiting = [code]
        while waiting:
            for one in self._to.get(waiting.pop(), ()):
                is_alone = len({other.successor for other in self._from[one.predecessor]}) == 1
                if one.starts <= day and is_alone:
                    found.add(one.predecessor)
                    waiting.append(one.predecessor)
        return frozenset(found)

    def circle(self) -> tuple[str, ...]:
        """Organisations each of which the next follows, and the last the first; none where there is no such."""
        following = {code: [one.successor for one in own] for code, own in self._from.items()}
        try:
            TopologicalSorter(following).prepare()
        except CycleError as error:
            return tuple(error.args[1][:0:-1])
        return ()
