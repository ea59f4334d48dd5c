"""Which of a person's records count, and are looked at: rule `records`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.plain.days import in_window
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.words import events
from hi_fhir.measures.words.windows import Ever, Window

UNTIMED = datetime(1, 1, 1, tzinfo=UTC)


def counts(event: Event) -> bool:
    """Whether a record of this status counts: rule `records`."""
    if event.component.endswith("value"):
        return False  # an answer is no record of what it names
    return event.negation not in ("denied", "absent") and has_status_that_counts(event)


def has_status_that_counts(event: Event) -> bool:
    if event.type in ("Procedure", "Immunization"):
        return event.status == "completed"
    left_out = {
        "Observation": ("cancelled", "registered", "preliminary"),
        "Condition": ("refuted", "resolved"),
        "Encounter": ("planned", "cancelled"),
        "MedicationRequest": ("draft", "cancelled", "proposal", "plan", "option"),
    }
    return event.status not in left_out.get(event.type, ())


def records(leaf: events.Recorded, person: Person, setting: Setting) -> list[Event]:
    return [
        event
        for event in person.events
        if event.type in leaf.types and event.value_set == leaf.value_set.id and counts(event)
        if event.negation is None or leaf.types == ("Observation",)  # "none" answers how much
        if is_looked_at(event, leaf.window, setting)
    ]


def is_looked_at(event: Event, window: Window, setting: Setting) -> bool:
    """Whether the window has the record: one without a day is looked at where every day is."""
    return isinstance(window, Ever) if event.on is None else in_window(event.on, window, setting)


def days_of(found: Iterable[Event]) -> list[date]:
    return [event.on for event in found if event.on is not None]


def encounters(leaf: events.LatestEncounter, person: Person, setting: Setting) -> list[Event]:
    return [
        event
        for event in person.events
        if event.type == "Encounter" and counts(event)
        if event.on is not None and in_window(event.on, leaf.window, setting)
    ]


def moment(event: Event) -> tuple[date, datetime]:
    return event.on or date.min, event.at or UNTIMED
