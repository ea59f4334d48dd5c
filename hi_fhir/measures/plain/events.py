"""Words about records that exist."""

from datetime import date, timedelta

from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.plain.days import in_window, months_later, years_between
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.records import days_of, encounters, moment, records
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import events


@holds.register
def _(word: events.Recorded, person: Person, setting: Setting) -> bool:
    return bool(records(word, person, setting))


@holds.register
def _(word: events.Diagnosed, person: Person, setting: Setting) -> bool:
    diagnoses = records(word.diagnosis, person, setting)
    if not diagnoses:
        return False
    resolved = days_of(records(word.resolved_by, person, setting)) if word.resolved_by else []
    latest = max(days_of(diagnoses), default=date.min)
    return not any(day >= latest for day in resolved)


@holds.register
def _(word: events.FirstWithin, person: Person, setting: Setting) -> bool:
    days = days_of(records(word.recorded, person, setting))
    return bool(days) and in_window(min(days), word.window, setting)


@holds.register
def _(word: events.Repeated, person: Person, setting: Setting) -> bool:
    days = days_of(records(word.recorded, person, setting))
    return bool(days) and max(days) - min(days) >= timedelta(days=word.days_apart)


@holds.register
def _(word: events.OnOrAfterFirst, person: Person, setting: Setting) -> bool:
    own, other = days_of(records(word.recorded, person, setting)), days_of(records(word.other, person, setting))
    return bool(own and other) and any(day >= min(other) for day in own)


@holds.register
def _(word: events.AtLeastTimes, person: Person, setting: Setting) -> bool:
    return _days_with(word.recorded, person, setting) >= word.count


@holds.register
def _(word: events.Occasions, person: Person, setting: Setting) -> bool:
    return occasions(word, person, setting) > 0


def occasions(word: events.Occasions, person: Person, setting: Setting) -> int:
    return min(word.at_most, _days_with(word.recorded, person, setting))


def _days_with(own: events.Recorded | events.LatestEncounter, person: Person, setting: Setting) -> int:
    found = (
        encounters(own, person, setting) if isinstance(own, events.LatestEncounter) else records(own, person, setting)
    )
    return len(set(days_of(found)))


@holds.register
def _(word: events.AgeAtRecord, person: Person, setting: Setting) -> bool | None:
    found = days_of(records(word.recorded, person, setting))
    if not found:
        return False
    if person.born is None:
        return None
    years = years_between(person.born, min(found) if word.which == "first" else max(found))
    return (word.at_least is None or word.at_least <= years) and (word.at_most is None or years <= word.at_most)


@holds.register
def _(word: events.RecordedNear, person: Person, setting: Setting) -> bool:
    others = days_of(records(word.other, person, setting))
    if not others:
        return False
    compared = {"first": [min(others)], "latest": [max(others)], "any": others}[word.which]
    return any(
        _moved(other, word.from_offset) <= day <= _moved(other, word.to_offset)
        for day in days_of(records(word.recorded, person, setting))
        for other in compared
    )


def _moved(day: date, offset: events.Offset) -> date:
    return months_later(day, offset.months) + timedelta(days=offset.days)


@holds.register
def _(word: events.LatestEncounter, person: Person, setting: Setting) -> bool:
    return bool(encounters(word, person, setting))


@holds.register
def _(word: events.LatestEncounterCoded, person: Person, setting: Setting) -> bool | None:
    decisive = [event for event in _of_the_latest(word.encounter, person, setting) if event.component not in _KINDS]
    problems = {event.id: event.value_set for event in person.events if event.type == "Condition" and event.id}
    if any(event.value_set or problems.get(event.refers_to or "") for event in decisive):
        return True
    return None if any(event.refers_to and event.refers_to not in problems for event in decisive) else False


@holds.register
def _(word: events.EncounterTypeCoded, person: Person, setting: Setting) -> bool:
    latest = _of_the_latest(word.encounter, person, setting)
    return any(event.component == "type" and event.in_snomed for event in latest)


@holds.register
def _(word: events.EncounterClassIs, person: Person, setting: Setting) -> bool:
    latest = _of_the_latest(word.encounter, person, setting)
    return any(event.component == "class" and event.value_set == word.value_set.id for event in latest)


_KINDS = ("class", "type")


def _of_the_latest(leaf: events.LatestEncounter, person: Person, setting: Setting) -> list[Event]:
    """What there is of the latest encounters; several of one moment are equals."""
    found = encounters(leaf, person, setting)
    latest = max((moment(event) for event in found), default=None)
    return [event for event in found if moment(event) == latest]
