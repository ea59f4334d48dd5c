"""Which records of which days a word looks at: what it needs to be told, with the window of each need."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hi_fhir.measures.render.requirements import Need
from hi_fhir.measures.words import base, events, problems, statuses, values
from hi_fhir.measures.words.tree import value_sets_of, walk
from hi_fhir.measures.words.windows import EVER, Window


class Sight(NamedTuple):
    """A resource type with the value set whose codes do, or None for the whole type; and of which days."""

    type: str
    value_set: str | None
    window: Window

    @property
    def need(self) -> Need:
        return self.type, self.value_set


def sights(words: Iterable[base.Word]) -> frozenset[Sight]:
    """What several words and those in them look at, the person's own fields apart."""
    return frozenset(sight for word in words for inner in walk(word) for sight in _sights(inner))


def _sights(word: base.Word) -> Iterator[Sight]:
    """What a word looks at by itself, without those in it."""
    match word:
        case events.Recorded():
            yield from (Sight(type_, word.value_set.id, word.window) for type_ in word.types)
        case events.LatestEncounter():
            yield Sight("Encounter", None, word.window)
        case events.LatestEncounterCoded():
            yield Sight("Condition", None, EVER)  # to which an encounter refers, whenever it began
        case events.EncounterClassIs():
            yield Sight("Encounter", word.value_set.id, word.encounter.window)
        case problems.Problems():
            yield Sight("Condition", None, word.window)
        case values.LatestReading():
            yield from (Sight("Observation", one.value_set.id, word.window) for one in word.quantities)
        case statuses.LatestStatus():
            yield from (Sight("Observation", value_set, word.window) for value_set in value_sets_of(word))
