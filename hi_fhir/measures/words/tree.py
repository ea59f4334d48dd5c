"""Walking a definition's words: which words a tree holds, and which leaves it reads events through."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.events import (
    AtLeastTimes,
    EncounterClassIs,
    EncounterTypeCoded,
    LatestEncounter,
    Occasions,
    Recorded,
    RecordedDays,
    RecordedNear,
)
from hi_fhir.measures.words.problems import Problems
from hi_fhir.measures.words.statuses import LatestStatus
from hi_fhir.measures.words.values import LatestReading, LatestValue

EncounterKind = EncounterTypeCoded | EncounterClassIs
Leaf = Recorded | RecordedDays | RecordedNear | LatestEncounter | EncounterKind | LatestValue | LatestStatus | Problems


_IN_A_LEAF = (AtLeastTimes, EncounterClassIs, EncounterTypeCoded, Occasions, RecordedNear)
"""Words whose records are read by a leaf of the whole word, and by none of their own."""


def walk(word: Word, beyond: tuple[type[Word], ...] = ()) -> Iterator[Word]:
    """`word` and every word in it, itself first. beyond: words in which no other is looked for."""
    yield word
    for field in fields(word) if not isinstance(word, beyond) else ():
        yield from _words_in(getattr(word, field.name), beyond)


def leaves(words: Iterable[Word]) -> tuple[Leaf, ...]:
    """The distinct leaves of several trees, in order of first appearance; a leaf's id is its place."""
    found: dict[Leaf, None] = {}
    for word in words:
        for inner in walk(word, beyond=_IN_A_LEAF):
            if isinstance(inner, Recorded | RecordedNear | LatestEncounter | EncounterKind | LatestStatus | Problems):
                found[inner] = None
            elif isinstance(inner, AtLeastTimes | Occasions):
                found[RecordedDays(inner.recorded)] = None
            elif isinstance(inner, LatestReading):
                found |= {LatestValue(inner, place): None for place in range(len(inner.quantities))}
    return tuple(found)


def value_sets_of(leaf: Leaf) -> tuple[str, ...]:
    """The value sets by whose codes a leaf finds records."""
    match leaf:
        case Recorded() | EncounterClassIs():
            return (leaf.value_set.id,)
        case RecordedDays(Recorded(value_set=value_set)):
            return (value_set.id,)
        case RecordedNear():
            return leaf.recorded.value_set.id, leaf.other.value_set.id
        case LatestValue():
            return (leaf.reading.quantities[leaf.place].value_set.id,)
        case LatestStatus():
            return tuple(one.id for one in (*leaf.statuses, *([leaf.question] if leaf.question else [])))
        case LatestEncounter() | EncounterTypeCoded() | RecordedDays() | Problems():
            return ()


def _words_in(value: Any, beyond: tuple[type[Word], ...]) -> Iterator[Word]:
    if isinstance(value, Word):
        yield from walk(value, beyond)
    elif isinstance(value, tuple):
        for part in value:
            yield from _words_in(part, beyond)
