"""Words about records that exist: leaves that read events, and what is said of the days that they find."""

from dataclasses import dataclass

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.windows import EVER, IN_PERIOD, Months, Window


@dataclass(frozen=True)
class ValueSetName:
    """The id of a value set in `terminology/value_sets/`."""

    id: str


def value_set(id_: str) -> ValueSetName:
    return ValueSetName(id_)


NOTED = ("Condition", "Observation", "Procedure")
"""Where a diagnosis, a review, a decline or an invitation is looked for: practices record them in any of these."""

MEASURED = ("Observation",)


@dataclass(frozen=True)
class Recorded(Word):
    """A leaf: a record that counts with a code of the value set, in the window. Never null.

    Leaf row: n codings, the first and the last day of the dated ones.
    """

    value_set: ValueSetName
    window: Window
    types: tuple[str, ...]

    def begun(self, within: Months) -> "FirstWithin":
        """The first dated record is in the window."""
        return FirstWithin(self, within)

    def repeated(self, days_apart: int) -> "Repeated":
        """The first and the last record are at least so many days apart."""
        return Repeated(self, days_apart)

    def from_first(self, other: "Recorded") -> "OnOrAfterFirst":
        """One of these is dated on or after the first of `other`."""
        return OnOrAfterFirst(self, other)


@dataclass(frozen=True)
class Diagnosed(Word):
    """A diagnosis, and no resolving code on or after the latest dated diagnosis. Never null.

    An undated resolving code resolves nothing; a dated one resolves undated diagnoses.
    """

    diagnosis: Recorded
    resolved_by: Recorded | None


@dataclass(frozen=True)
class FirstWithin(Word):
    """The first dated record of a leaf is in the window. Never null."""

    recorded: Recorded
    window: Months


@dataclass(frozen=True)
class Repeated(Word):
    """The first and the last dated record of a leaf are at least `days_apart` days apart. Never null."""

    recorded: Recorded
    days_apart: int


@dataclass(frozen=True)
class OnOrAfterFirst(Word):
    """A leaf's latest record is on or after the first of another's; false where either has none. Never null."""

    recorded: Recorded
    other: Recorded


@dataclass(frozen=True)
class LatestEncounter(Word):
    """A leaf: a dated encounter in the window. Never null.

    Leaf row: n reasons, first and last day, and between which of 0 and 1 it lies whether the latest one carries a coded
    reason: its own, or that of the Condition that it refers to. A reference to a record that is not there, or of
    another kind, leaves it open. Latest is by day, then by instant, an untimed one first; among equals one coded reason
    suffices.
    """

    window: Window

    def with_coded_reason(self) -> "LatestEncounterCoded":
        return LatestEncounterCoded(self)


@dataclass(frozen=True)
class LatestEncounterCoded(Word):
    """The latest encounter carries a reason with a code; false where there is none.

    It is null where the only reasons are references to records whose codes are not known.
    """

    encounter: LatestEncounter


def recorded(values: ValueSetName, within: Window) -> Recorded:
    """A measurement or status recorded as an Observation."""
    return Recorded(values, within, MEASURED)


def noted(values: ValueSetName, within: Window) -> Recorded:
    """A diagnosis, review, decline or invitation, in whichever kind of record it stands."""
    return Recorded(values, within, NOTED)


def diagnosed(values: ValueSetName, unless_resolved_by: ValueSetName | None = None) -> Diagnosed:
    """On the register of a diagnosis up to the as-of day."""
    resolved_by = noted(unless_resolved_by, EVER) if unless_resolved_by else None
    return Diagnosed(noted(values, EVER), resolved_by)


def encounter(within: Window = IN_PERIOD) -> LatestEncounter:
    return LatestEncounter(within)
