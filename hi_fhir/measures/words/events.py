"""Words about records that exist: leaves that read events, and what is said of the days that they find."""

from dataclasses import dataclass
from typing import ClassVar

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.given import at_least, checked, in_order
from hi_fhir.measures.words.windows import EVER, IN_PERIOD, Days, Months, Window


@dataclass(frozen=True)
class ValueSetName:
    """The id of a value set in `terminology/value_sets/`."""

    id: str


@checked
def value_set(id_: str) -> ValueSetName:
    return ValueSetName(id_)


CLINICAL_EVENT = ("Condition", "Observation", "Procedure")
"""Where a diagnosis, a review, a decline or an invitation is looked for: practices record them in any of these."""

OBSERVATION = ("Observation",)
PRESCRIPTION = ("MedicationRequest",)
VACCINATION = ("Immunization",)

ANY = "any"


@checked
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
        """The earliest dated record in the window, which may be `.within(window)` or `.at_age(at_least, at_most)`."""
        return FirstRecord(self)

    @property
    def latest(self) -> "LatestRecord":
        """The last dated record in the window, which may be `.at_age(at_least, at_most)`."""
        return LatestRecord(self)

    def at_least_times(self, count: int) -> "AtLeastTimes":
        """There are records on so many days; several on one day are one, and an undated one is none."""
        return AtLeastTimes(self, count)

    def twice(self, days_apart: int) -> "Repeated":
        """There are two in the window, and the first and the last are at least so many days apart."""
        return Repeated(self, days_apart)

    def on_or_after(self, day: "FirstRecord") -> "OnOrAfterFirst":
        """One of these is dated on or after the first of others."""
        return OnOrAfterFirst(self, day.recorded)

    def before(self, day: "FirstRecord | LatestRecord | Recorded", within: Months | Days) -> "RecordedNear":
        """One of these is at most so long before the first, the latest or any of others, or on that day."""
        return RecordedNear(self, *_compared(day), _long(within, -1), Offset())

    def after(
        self,
        day: "FirstRecord | LatestRecord | Recorded",
        within: Months | Days,
        no_sooner: Months | Days | None = None,
    ) -> "RecordedNear":
        """One of these is at most so long after the first, the latest or any of others, or that day, and no sooner."""
        return RecordedNear(self, *_compared(day), _long(no_sooner, 1), _long(within, 1))

    def around(self, day: "FirstRecord | LatestRecord | Recorded", within: Months | Days) -> "RecordedNear":
        """One of these is at most so long before or after the first, the latest or any of others."""
        return RecordedNear(self, *_compared(day), _long(within, -1), _long(within, 1))


@checked
@dataclass(frozen=True)
class FirstRecord:
    """The day of the earliest dated record of a leaf, of which something is said or that something is compared with."""

    recorded: Recorded
    which: ClassVar[str] = "first"

    def at_age(self, at_least: int | None = None, at_most: int | None = None) -> "AgeAtRecord":
        """The completed years on that day, both ends inclusive."""
        return AgeAtRecord(self.recorded, self.which, at_least, at_most)

    def within(self, window: Window) -> "FirstWithin":
        """It lies in the window."""
        return FirstWithin(self.recorded, window)


@checked
@dataclass(frozen=True)
class LatestRecord:
    """The day of the last dated record of a leaf, of which something is said or that something is compared with."""

    recorded: Recorded
    which: ClassVar[str] = "latest"

    def at_age(self, at_least: int | None = None, at_most: int | None = None) -> "AgeAtRecord":
        """The completed years on that day, both ends inclusive."""
        return AgeAtRecord(self.recorded, self.which, at_least, at_most)


@dataclass(frozen=True)
class Offset:
    """How long after a day, negative before it. A month that has no such day lends its last."""

    months: int = 0
    days: int = 0


def _compared(day: FirstRecord | LatestRecord | Recorded) -> tuple[Recorded, str]:
    return (day, ANY) if isinstance(day, Recorded) else (day.recorded, day.which)


def _long(span: Months | Days | None, sign: int) -> Offset:
    match span:
        case None:
            return Offset()
        case Months(count):
            return Offset(months=sign * count)
        case Days(count):
            return Offset(days=sign * count)


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

    def __post_init__(self) -> None:
        at_least(1, "days apart", self.days_apart)


@dataclass(frozen=True)
class OnOrAfterFirst(Word):
    """A leaf's latest record is on or after the first of another's; false where either has none. Never null."""

    recorded: Recorded
    other: Recorded


@dataclass(frozen=True)
class AtLeastTimes(Word):
    """There are dated records of a leaf, or encounters, on at least `count` days. Never null."""

    recorded: "Recorded | LatestEncounter"
    count: int

    def __post_init__(self) -> None:
        at_least(1, "times", self.count)


@dataclass(frozen=True)
class Occasions(Word):
    """There is a day with a record, or with an encounter. Never null.

    What a ratio counts: on how many days, of one person at most `at_most`.
    """

    recorded: "Recorded | LatestEncounter"
    at_most: int

    def __post_init__(self) -> None:
        at_least(1, "days of one person that count", self.at_most)


@dataclass(frozen=True)
class RecordedDays:
    """A leaf: the days on which there are records of `recorded`. Leaf row: n days, the first and the last."""

    recorded: "Recorded | LatestEncounter"


@dataclass(frozen=True)
class AgeAtRecord(Word):
    """The completed years on the day of the first or latest dated record of a leaf; false where there is none.

    It is null without a birth date.
    """

    recorded: Recorded
    which: str
    at_least: int | None
    at_most: int | None

    def __post_init__(self) -> None:
        in_order("ages", self.at_least, self.at_most)


@dataclass(frozen=True)
class RecordedNear(Word):
    """A leaf: a record from one offset to another from the first, the latest or any of others. Never null.

    Both ends are inclusive, and both records are looked for in their own windows. One that is among the others lies
    near itself. which: first, latest or any. Leaf row: n records, the first and the last day.
    """

    recorded: Recorded
    other: Recorded
    which: str
    from_offset: Offset
    to_offset: Offset

    def __post_init__(self) -> None:
        begin, end = self.from_offset, self.to_offset
        if not ((begin.months and end.days) or (begin.days and end.months)):  # months and days are of no stated order
            in_order("days or months after", begin.months or begin.days, end.months or end.days)


@checked
@dataclass(frozen=True)
class LatestEncounter(Word):
    """A leaf: a dated encounter in the window. Never null.

    Leaf row: n reasons, first and last day, and between which of 0 and 1 it lies whether the latest one carries a coded
    reason: its own, or that of the Condition that it refers to. A reference to a record that is not there, or of
    another kind, leaves it open. Latest is by day, then by instant, an untimed one first; among equals one coded reason
    suffices.
    """

    window: Window

    def at_least_times(self, count: int) -> AtLeastTimes:
        """There are encounters on so many days; several on one day are one."""
        return AtLeastTimes(self, count)

    def with_coded_reason(self) -> "LatestEncounterCoded":
        """The latest one carries a reason with a code."""
        return LatestEncounterCoded(self)

    def with_coded_type(self) -> "EncounterTypeCoded":
        """The latest one has a type in SNOMED CT."""
        return EncounterTypeCoded(self)

    def with_class(self, values: ValueSetName) -> "EncounterClassIs":
        """The latest one has a class with a code of the set."""
        return EncounterClassIs(self, values)


@dataclass(frozen=True)
class LatestEncounterCoded(Word):
    """The latest encounter carries a reason with a code; false where there is none.

    It is null where the only reasons are references to records whose codes are not known.
    """

    encounter: LatestEncounter


@dataclass(frozen=True)
class EncounterTypeCoded(Word):
    """A leaf: the latest encounter has a type with a coding of SNOMED CT; false where there is none. Never null.

    Words alone are none, nor is a code of another system. Latest is as of reasons: among equals one such type
    suffices. Leaf row: n rows, first and last day, and 1 as low and high where it has one, else 0.
    """

    encounter: LatestEncounter


@dataclass(frozen=True)
class EncounterClassIs(Word):
    """A leaf: the latest encounter has a class with a code of the set; false where there is none. Never null.

    A code of another system is none, nor is a class that has not the shape of R4's. Latest and leaf row are as of
    types.
    """

    encounter: LatestEncounter
    value_set: ValueSetName


@checked
def observed(values: ValueSetName, within: Window) -> Recorded:
    """An Observation with a code of the set: a measurement or a status, which is looked for nowhere else."""
    return Recorded(values, within, OBSERVATION)


@checked
def clinical_event(values: ValueSetName, within: Window) -> Recorded:
    """A Condition, Observation or Procedure with a code of the set: a diagnosis, review, decline or invitation."""
    return Recorded(values, within, CLINICAL_EVENT)


@checked
def prescribed(values: ValueSetName, within: Window) -> Recorded:
    """A MedicationRequest with a code of the set, by the day on which it was written."""
    return Recorded(values, within, PRESCRIPTION)


@checked
def vaccinated(values: ValueSetName, within: Window) -> Recorded:
    """A completed Immunization with a code of the set, by the day on which it was given."""
    return Recorded(values, within, VACCINATION)


@checked
def diagnosed(values: ValueSetName, unless_resolved_by: ValueSetName | None = None) -> Diagnosed:
    """On the register: a clinical event with a code of the set, and none that resolves it on or after the latest."""
    resolved_by = clinical_event(unless_resolved_by, EVER) if unless_resolved_by else None
    return Diagnosed(clinical_event(values, EVER), resolved_by)


@checked
def occasions(of: Recorded | LatestEncounter, at_most: int) -> Occasions:
    """The days with such a record or encounter: the numerator of a ratio, to which one person gives at most so many."""
    return Occasions(of, at_most)


@checked
def encounter(within: Window = IN_PERIOD) -> LatestEncounter:
    """An encounter that took place, of whatever kind."""
    return LatestEncounter(within)
