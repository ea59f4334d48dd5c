"""Words about a status or grade: the latest of several codes that exclude each other, whichever way it was recorded."""

from dataclasses import dataclass

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import ValueSetName
from hi_fhir.measures.words.given import at_least, checked
from hi_fhir.measures.words.windows import Window


@checked
@dataclass(frozen=True)
class LatestStatus(Word):
    """A leaf: one of the statuses was recorded in the window. Never null.

    A status is recorded by an Observation with a code of its value set or, where there is a question, by the coded
    answer to that. Of several the latest counts: by day, then by instant, an untimed one first; an undated one is
    before all others. The statuses are in their order, lowest first: different ones of one moment leave open which of
    them it is, and those between them. Leaf row: n records, first and last day, and between which places of `statuses`
    it lies.
    """

    statuses: tuple[ValueSetName, ...]
    window: Window
    question: ValueSetName | None = None

    def __post_init__(self) -> None:
        at_least(1, "statuses of latest_of", len(self.statuses))

    def is_(self, status: ValueSetName) -> "StatusIs":
        """The latest is this one."""
        return self.between(status, status)

    def at_least(self, status: ValueSetName) -> "StatusIs":
        """The latest is this one or a later one in the order."""
        return self.between(status, self.statuses[-1])

    def at_most(self, status: ValueSetName) -> "StatusIs":
        """The latest is this one or an earlier one in the order."""
        return self.between(self.statuses[0], status)

    def between(self, lowest: ValueSetName, highest: ValueSetName) -> "StatusIs":
        """The latest is one of these two or lies between them in the order."""
        for one in (lowest, highest):
            if one not in self.statuses:
                offered = ", ".join(status.id for status in self.statuses)
                raise DefinitionError(f"latest_of: {one.id} is not one of {offered}.")
        first, last = self.statuses.index(lowest), self.statuses.index(highest)
        if first > last:
            raise DefinitionError(f"latest_of: {lowest.id} comes after {highest.id}. Write the lower first.")
        return StatusIs(self, first, last)


@dataclass(frozen=True)
class StatusIs(Word):
    """The latest status is from one place to another in the order, from 0; false where none was recorded.

    It is null where different ones of the latest moment leave that open.
    """

    latest: LatestStatus
    lowest: int
    highest: int


@checked
def latest_of(*statuses: ValueSetName, within: Window, answering: ValueSetName | None = None) -> LatestStatus:
    """One of several statuses or grades, in their order; `answering` a question, also as the coded answer to it."""
    return LatestStatus(statuses, within, answering)


@checked
def answered(question: ValueSetName, answer: ValueSetName, within: Window) -> LatestStatus:
    """The question was answered by a code of the set: the coded value of an Observation, or a record of that code."""
    return LatestStatus((answer,), within, question)
