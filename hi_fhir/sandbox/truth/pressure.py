"""Blood pressure readings and whether they meet a target, as the rules say."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hi_fhir.sandbox.truth.days import within
from hi_fhir.sandbox.truth.evidence import Evidence, Pressure
from hi_fhir.sandbox.truth.setting import Window


class Reading(NamedTuple):
    day: date
    systolic: float
    diastolic: float

    def is_at_most(self, limits: tuple[float, float]) -> bool:
        return self.systolic <= limits[0] and self.diastolic <= limits[1]


def latest_reading(evidence: Evidence, setting: str, window: Window) -> Reading | None:
    """Of the latest day in the window that has a whole reading in this setting (clinic or home)."""
    systolic = _by_day(evidence.pressures[setting, "systolic"], window)
    diastolic = _by_day(evidence.pressures[setting, "diastolic"], window)
    whole = systolic.keys() & diastolic.keys()
    if not whole:
        return None
    day = max(whole)
    return Reading(day, _deciding(systolic[day]), _deciding(diastolic[day]))


def _by_day(pressures: Sequence[Pressure], window: Window) -> dict[date, list[Pressure]]:
    days: dict[date, list[Pressure]] = defaultdict(list)
    for one in pressures:
        if within(one.day, window):
            days[one.day].append(one)
    return days


def _deciding(pressures: Sequence[Pressure]) -> float:
    """The value with the latest instant of a day, among equals the lowest."""
    latest = max(one.order for one in pressures)
    return min(one.value for one in pressures if one.order == latest)


def has_reading(evidence: Evidence, window: Window) -> bool:
    return any(latest_reading(evidence, setting, window) for setting in ("clinic", "home"))


def is_target_met(
    evidence: Evidence, window: Window, at_clinic: tuple[float, float], at_home: tuple[float, float]
) -> bool:
    """The setting with the later day decides by its own limits; on the same day either one suffices."""
    clinic, home = latest_reading(evidence, "clinic", window), latest_reading(evidence, "home", window)
    if clinic and home and clinic.day == home.day:
        return clinic.is_at_most(at_clinic) or home.is_at_most(at_home)
    if clinic and (home is None or clinic.day > home.day):
        return clinic.is_at_most(at_clinic)
    return home is not None and home.is_at_most(at_home)
