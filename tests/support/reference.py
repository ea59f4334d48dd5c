"""A second reading of the words: one person at a time in plain Python, written from their docstrings and the rules.

It shares no line with the queries, so that the two can disagree. True, false and None as in SQL and CQL.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, singledispatch
from itertools import pairwise
from pathlib import Path

from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.frame import Frame
from hi_fhir.measures.model import Measure
from hi_fhir.measures.words import base, events, population, statuses, values
from hi_fhir.measures.words.windows import Days, Ever, InPeriod, Season, Window

_UNITS = Path(__file__).parents[2] / "mappings" / "units.csv"
_FACTORS = {("kPa", "mm[Hg]"): 7.500615758456563, ("umol/L", "mmol/L"): 0.001}
_UNTIMED = datetime(1, 1, 1, tzinfo=UTC)


def outcome(measure: Measure, person: Person, frame: Frame) -> str:
    """Where the measure puts the person: one of the names of `examples.OUTCOMES`."""
    if person.practice is None:
        return "outside"
    for name, word in measure.populations():
        if name == "numerator_exclusion":
            continue  # of those in the numerator alone
        answer = holds(word, person, frame)
        if answer is None:
            return "undetermined"
        if name == "initial_population" and not answer:
            return "outside"
        if name == "denominator" and not answer:
            return "initial-population"
        if name == "numerator" and answer:
            return _of_numerator(measure.numerator_exclusion, person, frame)
        if name in ("denominator_exclusion", "denominator_exception") and answer:
            return name.removeprefix("denominator_")
    return "denominator" if measure.numerator else "initial-population"


def _of_numerator(exclusion: base.Word | None, person: Person, frame: Frame) -> str:
    excluded = holds(exclusion, person, frame) if exclusion else False
    return "undetermined" if excluded is None else "numerator-exclusion" if excluded else "numerator"


@singledispatch
def holds(word: base.Word, person: Person, frame: Frame) -> bool | None:
    raise NotImplementedError(type(word).__name__)


@holds.register
def _(word: base.And, person: Person, frame: Frame) -> bool | None:
    answers = [holds(part, person, frame) for part in word.parts]
    if False in answers:
        return False
    return None if None in answers else True


@holds.register
def _(word: base.Or, person: Person, frame: Frame) -> bool | None:
    answers = [holds(part, person, frame) for part in word.parts]
    if True in answers:
        return True
    return None if None in answers else False


@holds.register
def _(word: base.Not, person: Person, frame: Frame) -> bool | None:
    answer = holds(word.part, person, frame)
    return None if answer is None else not answer


@holds.register
def _(word: population.Registered, person: Person, frame: Frame) -> bool:
    return person.practice is not None


@holds.register
def _(word: population.Aged, person: Person, frame: Frame) -> bool | None:
    if person.born is None:
        return None
    age = _years(person.born, frame.period.end)
    return (word.at_least or 0) <= age and (word.at_most is None or age <= word.at_most)


def _years(born: date, day: date) -> int:
    birthday_to_come = (day.month, day.day) < (born.month, born.day)
    return day.year - born.year - int(birthday_to_come)


@holds.register
def _(word: population.SexIs, person: Person, frame: Frame) -> bool | None:
    return True if person.sex in word.sexes else None if person.sex == "unknown" else False


@holds.register
def _(word: population.EthnicityIs, person: Person, frame: Frame) -> bool:
    return person.ethnicity in word.answers


@holds.register
def _(word: population.NhsNumberVerified, person: Person, frame: Frame) -> bool:
    return person.nhs_number == "verified"


@holds.register
def _(word: population.DeprivationLinked, person: Person, frame: Frame) -> bool:
    return person.imd_decile is not None


@holds.register
def _(word: population.RegistrationBegunWithin, person: Person, frame: Frame) -> bool:
    return person.registered_on is not None and _in(person.registered_on, word.window, frame)


@holds.register
def _(word: events.Recorded, person: Person, frame: Frame) -> bool:
    return bool(_found(word, person, frame))


@holds.register
def _(word: events.Diagnosed, person: Person, frame: Frame) -> bool:
    diagnoses = _found(word.diagnosis, person, frame)
    if not diagnoses:
        return False
    resolved = _days(_found(word.resolved_by, person, frame)) if word.resolved_by else []
    latest = max(_days(diagnoses), default=date.min)
    return not any(day >= latest for day in resolved)


@holds.register
def _(word: events.FirstWithin, person: Person, frame: Frame) -> bool:
    days = _days(_found(word.recorded, person, frame))
    return bool(days) and _in(min(days), word.window, frame)


@holds.register
def _(word: events.Repeated, person: Person, frame: Frame) -> bool:
    days = _days(_found(word.recorded, person, frame))
    return bool(days) and max(days) - min(days) >= timedelta(days=word.days_apart)


@holds.register
def _(word: events.OnOrAfterFirst, person: Person, frame: Frame) -> bool:
    own, other = _days(_found(word.recorded, person, frame)), _days(_found(word.other, person, frame))
    return bool(own and other) and any(day >= min(other) for day in own)


@holds.register
def _(word: events.AtLeastTimes, person: Person, frame: Frame) -> bool:
    return len(set(_days(_found(word.recorded, person, frame)))) >= word.count


@holds.register
def _(word: events.AgeAtRecord, person: Person, frame: Frame) -> bool | None:
    found = _days(_found(word.recorded, person, frame))
    if not found:
        return False
    if person.born is None:
        return None
    years = _years(person.born, min(found) if word.which == "first" else max(found))
    return (word.at_least is None or word.at_least <= years) and (word.at_most is None or years <= word.at_most)


@holds.register
def _(word: events.RecordedNear, person: Person, frame: Frame) -> bool:
    others = _days(_found(word.other, person, frame))
    if not others:
        return False
    other = min(others) if word.which == "first" else max(others)
    begin, end = _moved(other, word.from_offset), _moved(other, word.to_offset)
    return any(begin <= day <= end for day in _days(_found(word.recorded, person, frame)))


def _moved(day: date, offset: events.Offset) -> date:
    return _months_later(day, offset.months) + timedelta(days=offset.days)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):  # a month without that day lends its own last
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


@holds.register
def _(word: events.LatestEncounter, person: Person, frame: Frame) -> bool:
    return bool(_encounters(word, person, frame))


@holds.register
def _(word: events.LatestEncounterCoded, person: Person, frame: Frame) -> bool | None:
    found = _encounters(word.encounter, person, frame)
    latest = max((_moment(event) for event in found), default=None)
    decisive = [event for event in found if _moment(event) == latest]
    problems = {event.id: event.value_set for event in person.events if event.type == "Condition" and event.id}
    if any(event.value_set or problems.get(event.refers_to) for event in decisive):
        return True
    return None if any(event.refers_to and event.refers_to not in problems for event in decisive) else False


@holds.register
def _(word: values.LatestReading, person: Person, frame: Frame) -> bool:
    return _reading(word, person, frame) is not None


@holds.register
def _(word: values.ReadingAtMost, person: Person, frame: Frame) -> bool | None:
    reading = _reading(word.reading, person, frame)
    if reading is None:
        return False
    answers = [_all_at_most(events, limit) for events, limit in zip(reading[1], word.limits, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


def _all_at_most(found: list[Event], limit: float) -> bool | None:
    """Whether the lowest of the values is at or below the limit: one that surely is suffices."""
    if any(event.comparator in (None, "<", "<=") and _value(event) <= limit for event in found):
        return True
    surely_above = (
        _value(event) >= limit if event.comparator == ">" else _value(event) > limit
        for event in found
        if event.comparator in (None, ">", ">=")
    )
    return False if sum(surely_above) == len(found) else None


def _value(event: Event) -> float:
    assert event.value is not None
    return event.value


@holds.register
def _(word: values.ReadingIs, person: Person, frame: Frame) -> bool | None:
    reading = _reading(word.reading, person, frame)
    if reading is None:
        return False
    of_each = zip(word.reading.quantities, reading[1], word.ranges, strict=True)
    answers = [_lowest_in(one, quantity, found) for quantity, found, one in of_each]
    if False in answers:
        return False
    return None if None in answers else True


def _lowest_in(one: values.Range, quantity: values.Quantity, found: list[Event]) -> bool | None:
    """Whether the lowest of the values is in the range. An end is a number and on which side of it: -1, 0 or 1."""
    least, most = ((end, 0) for end in quantity.plausible)
    ends = [_ends(event.comparator, _value(event), least, most) for event in found]
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
def _(word: values.ReadingNoEarlier, person: Person, frame: Frame) -> bool:
    own, other = _reading(word.reading, person, frame), _reading(word.other, person, frame)
    return own is not None and (other is None or own[0] >= other[0])


@holds.register
def _(word: statuses.LatestStatus, person: Person, frame: Frame) -> bool:
    return bool(_statuses(word, person, frame))


@holds.register
def _(word: statuses.StatusIs, person: Person, frame: Frame) -> bool | None:
    found = _statuses(word.latest, person, frame)
    latest = max((moment for moment, _ in found), default=None)
    places = [place for moment, place in found if moment == latest]
    possible = range(min(places, default=0), max(places, default=-1) + 1)
    answers = {word.lowest <= place <= word.highest for place in possible}
    return None if len(answers) == 2 else True in answers


def _statuses(leaf: statuses.LatestStatus, person: Person, frame: Frame) -> list[tuple[tuple[date, datetime], int]]:
    """When each status was recorded, with its place in the order."""
    found = []
    for place, status in enumerate(leaf.statuses):
        own = _found(events.Recorded(status, leaf.window, ("Observation",)), person, frame)
        answers = [
            event
            for event in person.events
            if event.value_set == status.id and _answers(event, leaf.question, person)
            if (isinstance(leaf.window, Ever) if event.on is None else _in(event.on, leaf.window, frame))
        ]
        found += [((event.on or date.min, event.at or _UNTIMED), place) for event in (*own, *answers)]
    return found


def _answers(event: Event, question: events.ValueSetName | None, person: Person) -> bool:
    """Whether it is the coded answer to the question, of the same record and the same part of that."""
    if question is None or not event.component.endswith("value") or not _has_status_that_counts(event):
        return False
    part = event.component.removesuffix("value").removesuffix(".")
    asked = (one for one in person.events if one.type == event.type == "Observation" and one.component == part)
    return any(one.value_set == question.id and one.id == event.id and one.id is not None for one in asked)


def _counts(event: Event) -> bool:
    """Whether a record of this status counts: rule `records`."""
    if event.component.endswith("value"):
        return False  # an answer is no record of what it names
    return event.negation not in ("denied", "absent") and _has_status_that_counts(event)


def _has_status_that_counts(event: Event) -> bool:
    if event.type in ("Procedure", "Immunization"):
        return event.status == "completed"
    left_out = {
        "Observation": ("cancelled", "registered", "preliminary"),
        "Condition": ("refuted", "resolved"),
        "Encounter": ("planned", "cancelled"),
        "MedicationRequest": ("draft", "cancelled", "proposal", "plan", "option"),
    }
    return event.status not in left_out.get(event.type, ())


def _in(day: date, window: Window, frame: Frame) -> bool:
    if day > frame.as_of:
        return False
    if isinstance(window, Ever):
        return True
    if isinstance(window, InPeriod):
        return day >= frame.period.start
    if isinstance(window, Days):
        return (frame.as_of - day).days < window.count
    if isinstance(window, Season):
        return _in_season(day, window, frame.period.end)
    return day > _months_later(frame.as_of, -window.count)


def _in_season(day: date, season: Season, end: date) -> bool:
    """Whether the day is of the last season that began by the end of the period."""
    begin = max(date(year, *season.first) for year in (end.year, end.year - 1) if date(year, *season.first) <= end)
    following = [begin + timedelta(days=number) for number in range(367)]
    last = next(one for one, after in pairwise(following) if _is_last(one, after, season.last))
    return begin <= day <= last


def _is_last(day: date, after: date, last: tuple[int, int]) -> bool:
    """A season to 29 February ends on the 28th of a common year."""
    return (day.month, day.day) <= last < (after.month, after.day) or (day.month, day.day) == last


def _found(leaf: events.Recorded, person: Person, frame: Frame) -> list[Event]:
    return [
        event
        for event in person.events
        if event.type in leaf.types and event.value_set == leaf.value_set.id and _counts(event)
        if event.negation is None or leaf.types == ("Observation",)  # "none" answers how much
        if (isinstance(leaf.window, Ever) if event.on is None else _in(event.on, leaf.window, frame))
    ]


def _days(found: Iterable[Event]) -> list[date]:
    return [event.on for event in found if event.on is not None]


def _encounters(leaf: events.LatestEncounter, person: Person, frame: Frame) -> list[Event]:
    return [
        event
        for event in person.events
        if event.type == "Encounter" and _counts(event)
        if event.on is not None and _in(event.on, leaf.window, frame)
    ]


def _moment(event: Event) -> tuple[date, datetime]:
    assert event.on is not None
    return event.on, event.at or _UNTIMED


def _reading(word: values.LatestReading, person: Person, frame: Frame) -> tuple[date, list[list[Event]]] | None:
    """The day of the latest complete reading, and the values of each quantity of which the lowest counts."""
    measured = [list(_plausible(quantity, word.window, person, frame)) for quantity in word.quantities]
    complete = set.intersection(*({event.on for event in found} for found in measured))
    if not complete:
        return None
    day = max(on for on in complete if on is not None)
    return day, [_deciding([event for event in found if event.on == day]) for found in measured]


def _plausible(quantity: values.Quantity, window: Window, person: Person, frame: Frame) -> Iterator[Event]:
    lowest, highest = quantity.plausible
    for event in person.events:
        if event.type != "Observation" or event.value_set != quantity.value_set.id or not _counts(event):
            continue
        if event.on is None or event.value is None or not _in(event.on, window, frame):
            continue
        value = _in_unit(quantity.unit, event.value, event.unit)
        if value is not None and _allows_some(event.comparator, value, lowest, highest):
            yield replace(event, value=value)


def _in_unit(unit: str, value: float, received: str | None) -> float | None:
    """A value in another unit; None where there is no way there."""
    meant = unit if received in (None, unit) else _spelled(received)
    if meant == unit:
        return value
    return round(value * _FACTORS[meant, unit], 9) if (meant, unit) in _FACTORS else None


@cache
def _spelled(received: str) -> str | None:
    """The unit that a line of the units file has for a spelling; neither case nor spaces count."""
    with _UNITS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    found = {spelling.lower().replace(" ", ""): unit for spelling, _, unit, *_ in rows[1:]}
    return found.get(received.lower().replace(" ", ""))


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


def _deciding(found: list[Event]) -> list[Event]:
    """Those of the latest instant."""
    latest = max(event.at or _UNTIMED for event in found)
    return [event for event in found if (event.at or _UNTIMED) == latest]
