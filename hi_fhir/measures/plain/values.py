"""Words about readings and their values."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from hi_fhir.measures.examples import Person
from hi_fhir.measures.plain.days import in_window
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.records import UNTIMED, counts
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import values
from hi_fhir.measures.words.windows import Window


class Measured(NamedTuple):
    """A value in the unit that is meant."""

    on: date
    at: datetime
    comparator: str | None
    value: float


@holds.register
def _(word: values.LatestReading, person: Person, setting: Setting) -> bool:
    return _reading(word, person, setting) is not None


@holds.register
def _(word: values.ReadingAtMost, person: Person, setting: Setting) -> bool | None:
    reading = _reading(word.reading, person, setting)
    if reading is None:
        return False
    answers = [_all_at_most(found, limit) for found, limit in zip(reading[1], word.limits, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


def _all_at_most(found: list[Measured], limit: float) -> bool | None:
    """Whether the lowest of the values is at or below the limit: one that surely is suffices."""
    if any(one.comparator in (None, "<", "<=") and one.value <= limit for one in found):
        return True
    surely_above = (
        one.value >= limit if one.comparator == ">" else one.value > limit
        for one in found
        if one.comparator in (None, ">", ">=")
    )
    return False if sum(surely_above) == len(found) else None


@holds.register
def _(word: values.ReadingIs, person: Person, setting: Setting) -> bool | None:
    reading = _reading(word.reading, person, setting)
    if reading is None:
        return False
    of_each = zip(word.reading.quantities, reading[1], word.ranges, strict=True)
    answers = [_lowest_in(one, quantity, found) for quantity, found, one in of_each]
    if False in answers:
        return False
    return None if None in answers else True


def _lowest_in(one: values.Range, quantity: values.Quantity, found: list[Measured]) -> bool | None:
    """Whether the lowest of the values is in the range. An end is a number and on which side of it: -1, 0 or 1."""
    least, most = ((end, 0) for end in quantity.plausible)
    ends = [_ends(each.comparator, each.value, least, most) for each in found]
    low, high = min(low for low, _ in ends), min(high for _, high in ends)
    inwards = 0 if one.or_equal else 1
    first = (-math.inf, 0) if one.lowest is None else (one.lowest, inwards)
    last = (math.inf, 0) if one.highest is None else (one.highest, -inwards)
    if first <= low and high <= last:
        return True
    return False if high < first or last < low else None


End = tuple[float, int]


def _ends(comparator: str | None, value: float, least: End, most: End) -> tuple[End, End]:
    match comparator:
        case None:
            return (value, 0), (value, 0)
        case "<":
            return least, (value, -1)
        case "<=":
            return least, (value, 0)
        case ">":
            return (value, 1), most
        case ">=":
            return (value, 0), most
    return least, most


@holds.register
def _(word: values.ReadingNoEarlier, person: Person, setting: Setting) -> bool:
    own, other = _reading(word.reading, person, setting), _reading(word.other, person, setting)
    return own is not None and (other is None or own[0] >= other[0])


def _reading(word: values.LatestReading, person: Person, setting: Setting) -> tuple[date, list[list[Measured]]] | None:
    """The day of the latest complete reading, and the values of each quantity of which the lowest counts."""
    measured = [list(_plausible(quantity, word.window, person, setting)) for quantity in word.quantities]
    complete = set.intersection(*({one.on for one in found} for found in measured))
    if not complete:
        return None
    day = max(complete)
    return day, [_deciding([one for one in found if one.on == day]) for found in measured]


def _plausible(quantity: values.Quantity, window: Window, person: Person, setting: Setting) -> Iterator[Measured]:
    lowest, highest = quantity.plausible
    for event in person.events:
        if event.type != "Observation" or event.value_set != quantity.value_set.id or not counts(event):
            continue
        if event.on is None or event.value is None or not in_window(event.on, window, setting):
            continue
        value = _in_unit(quantity, event.value, event.unit, setting)
        if value is not None and _allows_some(event.comparator, value, lowest, highest):
            yield Measured(event.on, event.at or UNTIMED, event.comparator, value)


def _allows_some(comparator: str | None, value: float, lowest: float, highest: float) -> bool:
    """Whether a plausible value is among those that a value with its comparator allows."""
    match comparator:
        case None:
            return lowest <= value <= highest
        case "<":
            return lowest < value
        case "<=":
            return lowest <= value
        case ">":
            return value < highest
        case ">=":
            return value <= highest
    return True


def _deciding(found: list[Measured]) -> list[Measured]:
    """Those of the latest instant."""
    latest = max(one.at for one in found)
    return [one for one in found if one.at == latest]


def _in_unit(quantity: values.Quantity, value: float, received: str | None, setting: Setting) -> float | None:
    """A value in the unit that is meant; one without a unit is in it already."""
    if received in (None, quantity.unit):
        return value
    return setting.convert(value, received, quantity.unit, quantity.value_set.id)
