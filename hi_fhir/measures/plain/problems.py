"""Words about the problems of a person, whatever they are."""

from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.plain.days import in_window
from hi_fhir.measures.plain.holds import holds
from hi_fhir.measures.plain.records import counts
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import problems


@holds.register
def _(word: problems.Problems, person: Person, setting: Setting) -> bool:
    return bool(_found(word, person, setting))


@holds.register
def _(word: problems.ProblemsCoded, person: Person, setting: Setting) -> bool:
    found = _found(word.problems, person, setting)
    coded = {event.id for event in found if event.in_snomed and event.id}
    return bool(found) and all(event.in_snomed or event.id in coded for event in found)


def _found(word: problems.Problems, person: Person, setting: Setting) -> list[Event]:
    return [
        event
        for event in person.events
        if event.type == "Condition" and counts(event)
        if event.on is not None and in_window(event.on, word.window, setting)
    ]
