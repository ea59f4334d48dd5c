"""Seeded choices that the sandbox's people are made of: weighted ways, days around the ends of the period, statuses."""

from bisect import bisect
from collections.abc import Mapping
from datetime import date, time, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from hi_fhir.sandbox.people.model import DATA_DATE, PERIOD_END, PERIOD_START, When

T = TypeVar("T")

_DAY = timedelta(days=1)
_LONG_AGO = date(2012, 1, 1)
_NIGHT = time(0, 30)


class Weighted(Generic[T]):
    """Weighted alternatives, of which `pick` takes one."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._ways = tuple(weights)
        self._ends = tuple(accumulate(weights.values()))

    def pick(self, random: Random) -> T:
        return self._ways[bisect(self._ends, random.random() * self._ends[-1])]


def day_between(random: Random, first: date, last: date) -> date:
    """A day from `first` to `last`, both inclusive."""
    return first + timedelta(days=int(random.random() * ((last - first).days + 1)))


def in_period(random: Random) -> date:
    return day_between(random, PERIOD_START, PERIOD_END)


def before_period(random: Random) -> date:
    return day_between(random, _LONG_AGO, PERIOD_START - _DAY)


def in_surgery_hours(random: Random) -> time:
    return time(8 + int(random.random() * 10), int(random.random() * 60))


_AROUND = Weighted(
    {
        "in": 60,
        "timed": 10,
        "before": 16,
        "first": 2,
        "last": 2,
        "eve": 2,
        "after": 2,
        "night-first": 1,
        "night-after": 1,
        "month": 2,
        "year": 1,
        "undated": 1.5,
    }
)
_LONG_PAST = Weighted({"day": 80, "year": 8, "month": 7, "undated": 3, "recent": 5, "after": 1})


def around_period(random: Random) -> When | None:
    """A date in the period or near its ends, whole, partial, timed or none."""
    match _AROUND.pick(random):
        case "in":
            return When(in_period(random))
        case "timed":
            return When(in_period(random), clock=in_surgery_hours(random))
        case "before":
            return When(before_period(random))
        case "first":
            return When(PERIOD_START)
        case "last":
            return When(PERIOD_END)
        case "eve":
            return When(PERIOD_START - _DAY)
        case "after":
            return When(PERIOD_END + _DAY)
        case "night-first":
            return When(PERIOD_START, clock=_NIGHT, utc=True)
        case "night-after":
            return When(PERIOD_END + _DAY, clock=_NIGHT, utc=True)
        case "month":
            return When(in_period(random).replace(day=1), "month")
        case "year":
            return When(date(2024, 1, 1), "year")
    return None


def long_past(random: Random) -> When | None:
    """The date of a lasting diagnosis: mostly years ago, often vague, at times recent or after the reference date."""
    match _LONG_PAST.pick(random):
        case "day":
            return When(before_period(random))
        case "year":
            return When(before_period(random).replace(month=1, day=1), "year")
        case "month":
            return When(before_period(random).replace(day=1), "month")
        case "recent":
            return When(in_period(random))
        case "after":
            return When(DATA_DATE - _DAY)
    return None


_STATUSES: Mapping[str, Weighted[str]] = {
    "Observation": Weighted(
        {"final": 93, "amended": 2, "preliminary": 1.5, "cancelled": 1, "registered": 0.5, "entered-in-error": 2}
    ),
    "Condition": Weighted(
        {"active": 88, "inactive": 3, "remission": 1, "resolved": 3, "refuted": 2, "entered-in-error": 3}
    ),
    "Procedure": Weighted({"completed": 94, "in-progress": 1, "not-done": 2, "preparation": 1, "entered-in-error": 2}),
    "Encounter": Weighted({"finished": 92, "in-progress": 1, "planned": 3, "cancelled": 2.5, "entered-in-error": 1.5}),
    "Immunization": Weighted({"completed": 96, "not-done": 3, "entered-in-error": 1}),
    "MedicationRequest": Weighted({"active": 70, "completed": 22, "stopped": 7, "entered-in-error": 1}),
}


def status_of(random: Random, type_: str) -> str:
    """A status of the resource type, mostly one that lets the record count."""
    return _STATUSES[type_].pick(random)
