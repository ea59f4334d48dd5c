"""Blood pressure readings and whether they meet a target, as the rules say; None where a bound leaves that open."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.truth.days import within
from hi_fhir.sandbox.truth.evidence import Evidence, Pressure
from hi_fhir.sandbox.truth.setting import Window


class PressureRange(NamedTuple):
    """From where up to where a pressure lies. above: it is more than `lowest`, never that itself."""

    lowest: float
    above: bool
    highest: float

    def is_at_most(self, limit: float) -> bool | None:
        if self.highest <= limit:
            return True
        return False if self.lowest > limit or (self.above and self.lowest == limit) else None


class PressureReading(NamedTuple):
    day: date
    systolic: PressureRange
    diastolic: PressureRange

    def is_at_most(self, limits: tuple[float, float]) -> bool | None:
        met = (self.systolic.is_at_most(limits[0]), self.diastolic.is_at_most(limits[1]))
        return False if False in met else None if None in met else True


def latest_reading(evidence: Evidence, setting: str, window: Window) -> PressureReading | None:
    """Of the latest day in the window that has a whole reading in this setting (clinic or home)."""
    systolic = _by_day(evidence.pressures[setting, "systolic"], window)
    diastolic = _by_day(evidence.pressures[setting, "diastolic"], window)
    whole = systolic.keys() & diastolic.keys()
    if not whole:
        return None
    day = max(whole)
    return PressureReading(day, _deciding(systolic[day]), _deciding(diastolic[day]))


def _by_day(pressures: Sequence[Pressure], window: Window) -> dict[date, list[Pressure]]:
    days: dict[date, list[Pressure]] = defaultdict(list)
    for one in pressures:
        if within(one.day, window):
            days[one.day].append(one)
    return days


def _deciding(pressures: Sequence[Pressure]) -> PressureRange:
    """The value of the latest instant of a day; the lowest of equals: as low as any may be, and no higher than all."""
    latest = max(one.order for one in pressures)
    equals = [one for one in pressures if one.order == latest]
    lowest, above = min((one.lowest, one.above) for one in equals)
    return PressureRange(lowest, above, min(one.highest for one in equals))


def has_reading(evidence: Evidence, window: Window) -> bool:
    return any(latest_reading(evidence, setting, window) for setting in ("clinic", "home"))


def is_target_met(
    evidence: Evidence, window: Window, at_clinic: tuple[float, float], at_home: tuple[float, float]
) -> bool | None:
    """The setting with the later day decides by its own limits; on the same day either one suffices."""
    clinic, home = latest_reading(evidence, "clinic", window), latest_reading(evidence, "home", window)
    if clinic and home and clinic.day == home.day:
        met = (clinic.is_at_most(at_clinic), home.is_at_most(at_home))
        return True if True in met else None if None in met else False
    if clinic and (home is None or clinic.day > home.day):
        return clinic.is_at_most(at_clinic)
    return home.is_at_most(at_home) if home else False
