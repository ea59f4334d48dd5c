"""Words about the latest of several statuses."""

from datetime import date, datetime

from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.records import UNTIMED, has_status_that_counts, is_looked_at, records
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import events, statuses


@holds.register
def _(word: statuses.LatestStatus, person: Person, setting: Setting) -> bool:
    return bool(_statuses(word, person, setting))


@holds.register
def _(word: statuses.StatusIs, person: Person, setting: Setting) -> bool | None:
    found = _statuses(word.latest, person, setting)
    latest = max((moment for moment, _ in found), default=None)
    places = [place for moment, place in found if moment == latest]
    possible = range(min(places, default=0), max(places, default=-1) + 1)
    answers = {word.lowest <= place <= word.highest for place in possible}
    return None if len(answers) == 2 else True in answers


def _statuses(leaf: statuses.LatestStatus, person: Person, setting: Setting) -> list[tuple[tuple[date, datetime], int]]:
    """When each status was recorded, with its place in the order."""
    found = []
    for place, status in enumerate(leaf.statuses):
        own = records(events.Recorded(status, leaf.window, ("Observation",)), person, setting)
        answers = [
            event
            for event in person.events
            if event.value_set == status.id and _answers(event, leaf.question, person)
            if is_looked_at(event, leaf.window, setting)
        ]
        found += [((event.on or date.min, event.at or UNTIMED), place) for event in (*own, *answers)]
    return found


def _answers(event: Event, question: events.ValueSetName | None, person: Person) -> bool:
    """Whether it is the coded answer to the question, of the same record and the same part of that."""
    if question is None or not event.component.endswith("value") or not has_status_that_counts(event):
        return False
    part = event.component.removesuffix("value").removesuffix(".")
    asked = (one for one in person.events if one.type == event.type == "Observation" and one.component == part)
    return any(one.value_set == question.id and one.id == event.id and one.id is not None for one in asked)
