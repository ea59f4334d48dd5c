"""Words about values: the latest complete reading of one or several quantities, and what it is compared with."""

from dataclasses import dataclass
from typing import Any

from hi_fhir.core.errors import DefinitionError
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import ValueSetName
from hi_fhir.measures.words.given import at_least, checked, in_order
from hi_fhir.measures.words.windows import Window


@checked
@dataclass(frozen=True)
class Quantity:
    """What is measured: in Observations and their components with a code of the value set.

    unit: UCUM. A reading in it counts, in a spelling of it and in a unit that converts to it too, and so does one
    without a unit; from a mass to an amount of substance only a formula of the analyte leads that the head of the value
    set names. plausible: lowest and highest value that counts, in that unit.
    """

    value_set: ValueSetName
    unit: str
    plausible: tuple[float, float]

    def __post_init__(self) -> None:
        in_order(f"plausible values of {self.value_set.id}", *self.plausible)


@checked
@dataclass(frozen=True)
class LatestReading(Word):
    """A leaf for each quantity: there is a reading in the window, one plausible value of each on one day. Never null.

    The latest day that has all of them counts; of that day, for each, the value with the latest instant, an untimed one
    being earlier than a timed one, and among equals the lowest. A value with a comparator (<, <=, >=, >) is a bound: it
    is plausible where a value that it allows is. The lowest of several lies between the lowest that each may be and the
    lowest that each may not exceed. Leaf row: n values of that day, that day, and between which two the value lies.
    """

    quantities: tuple[Quantity, ...]
    window: Window

    def __post_init__(self) -> None:
        at_least(1, "quantities of latest_reading", len(self.quantities))

    def at_most(self, *limits: float, unverified: bool = False) -> "ReadingAtMost":
        """Each value is at or below its limit, in the order of the quantities."""
        return ReadingAtMost(self, limits, unverified)

    def at_least(self, *limits: float) -> "ReadingIs":
        """Each value is at or above its limit."""
        return ReadingIs(self, tuple(Range(lowest=limit) for limit in limits))

    def above(self, *limits: float) -> "ReadingIs":
        """Each value is above its limit."""
        return ReadingIs(self, tuple(Range(lowest=limit, or_equal=False) for limit in limits))

    def below(self, *limits: float) -> "ReadingIs":
        """Each value is below its limit."""
        return ReadingIs(self, tuple(Range(highest=limit, or_equal=False) for limit in limits))

    def between(self, lowest: float, highest: float) -> "ReadingIs":
        """The value of the one quantity is in the range, both ends inclusive."""
        return ReadingIs(self, (Range(lowest, highest),))

    def no_earlier_than(self, other: "LatestReading") -> "ReadingNoEarlier":
        """There is one, and none of the other kind after it."""
        return ReadingNoEarlier(self, other)


@dataclass(frozen=True)
class LatestValue:
    """One quantity of a reading: a row of the leaf table."""

    reading: LatestReading
    place: int


@dataclass(frozen=True)
class ReadingAtMost(Word):
    """There is a reading and each of its values is at or below its limit; no reading is false.

    It is null where a bound leaves open on which side of its limit a value lies, unless another value is above its own.
    unverified: the limits were not seen in the rule set's own text.
    """

    reading: LatestReading
    limits: tuple[float, ...]
    unverified: bool = False

    def __post_init__(self) -> None:
        _one_for_each(self.limits, self.reading)


@dataclass(frozen=True)
class Range:
    """Values from `lowest` to `highest`, None open. or_equal: the ends are in it."""

    lowest: float | None = None
    highest: float | None = None
    or_equal: bool = True

    def __post_init__(self) -> None:
        in_order("values", self.lowest, self.highest)


@dataclass(frozen=True)
class ReadingIs(Word):
    """There is a reading and each of its values is in its range, in the order of the quantities; no reading is false.

    It is null where a bound leaves open whether a value is in its range, unless another value is surely out of its own.
    """

    reading: LatestReading
    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        _one_for_each(self.ranges, self.reading)


def _one_for_each(limits: tuple[Any, ...], reading: LatestReading) -> None:
    if len(limits) != len(reading.quantities):
        sets = ", ".join(one.value_set.id for one in reading.quantities)
        raise DefinitionError(f"as many limits as quantities: the reading is of {sets}, and {len(limits)} are given.")


@dataclass(frozen=True)
class ReadingNoEarlier(Word):
    """There is a reading, and no later one of the other kind. Never null."""

    reading: LatestReading
    other: LatestReading


@checked
def latest_reading(*quantities: Quantity, within: Window) -> LatestReading:
    """A plausible value of each quantity, in a unit that leads to its own, all on one day."""
    return LatestReading(quantities, within)
