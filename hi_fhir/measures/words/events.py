"""Words about records that exist: leaves that read events, and what is said of the days that they find."""

from dataclasses import dataclass

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.windows import EVER, IN_PERIOD, Window


@dataclass(frozen=True)
class ValueSetName:
    """The id of a value set in `terminology/value_sets/`."""

    id: str


def value_set(id_: str) -> ValueSetName:
    return ValueSetName(id_)


CLINICAL_EVENT = ("Condition", "Observation", "Procedure")
"""Where a diagnosis, a review, a decline or an invitation is looked for: practices record them in any of these."""

OBSERVATION = ("Observation",)
PRESCRIPTION = ("MedicationRequest",)
VACCINATION = ("Immunization",)


@dataclass(frozen=True)
class Recorded(Word):
    """A leaf: a record that counts with a code of the value set, in the window. Never null.

    Leaf row: n codings, the first and the last day of the dated ones.
    """

    value_set: ValueSetName
    window: Window
    types: tuple[str, ...]

    @property
    def first(self) -> "FirstRecord":
        """The earliest dated record in the window."""
        return FirstRecord(self)

    def twice(self, days_apart: int) -> "Repeated":
        """There are two in the window, and the first and the last are at least so many days apart."""
        return Repeated(self, days_apart)

    def on_or_after(self, day: "FirstRecord") -> "OnOrAfterFirst":
        """One of these is dated on or after the first of others."""
        return OnOrAfterFirst(self, day.recorded)


@dataclass(frozen=True)
class FirstRecord:
    """The day of the earliest dated record of a leaf, of which something is said or that something is compared with."""

    recorded: Recorded

    def within(self, window: Window) -> "FirstWithin":
        """It lies in the window."""
        return FirstWithin(self.recorded, window)


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
    window: Window


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
        """The latest one carries a reason with a code."""
        return LatestEncounterCoded(self)


@dataclass(frozen=True)
class LatestEncounterCoded(Word):
    """The latest encounter carries a reason with a code; false where there is none.

    It is null where the only reasons are references to records whose codes are not known.
    """

    encounter: LatestEncounter


def observed(values: ValueSetName, within: Window) -> Recorded:
    """An Observation with a code of the set: a measurement or a status, which is looked for nowhere else."""
    return Recorded(values, within, OBSERVATION)


def clinical_event(values: ValueSetName, within: Window) -> Recorded:
    """A Condition, Observation or Procedure with a code of the set: a diagnosis, review, decline or invitation."""
    return Recorded(values, within, CLINICAL_EVENT)


def prescribed(values: ValueSetName, within: Window) -> Recorded:
    """A MedicationRequest with a code of the set, by the day on which it was written."""
    return Recorded(values, within, PRESCRIPTION)


def vaccinated(values: ValueSetName, within: Window) -> Recorded:
    """A completed Immunization with a code of the set, by the day on which it was given."""
    return Recorded(values, within, VACCINATION)


def diagnosed(values: ValueSetName, unless_resolved_by: ValueSetName | None = None) -> Diagnosed:
    """On the register: a clinical event with a code of the set, and none that resolves it on or after the latest."""
    resolved_by = clinical_event(unless_resolved_by, EVER) if unless_resolved_by else None
    return Diagnosed(clinical_event(values, EVER), resolved_by)


def encounter(within: Window = IN_PERIOD) -> LatestEncounter:
    """An encounter that took place, of whatever kind."""
    return LatestEncounter(within)
