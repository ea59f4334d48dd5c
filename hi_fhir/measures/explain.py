"""Why somebody is where a measure puts them: each word of it as a sentence, with what the plain reading answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hi_fhir.measures.examples import Person
from hi_fhir.measures.model import Measure
from hi_fhir.measures.plain.outcome import holds
from hi_fhir.measures.plain.setting import Setting
from hi_fhir.measures.render.narrative import sentence
from hi_fhir.measures.words import base

_ANSWERS = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True)
class Answer:
    """parts: of a word that joins others, in order."""

    sentence: str
    answer: str
    parts: tuple["Answer", ...] = field(default=())


def explained(
    measure: Measure, person: Person, setting: Setting, titles: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Answer]:
    """By population, in the order in which they are decided. titles: of value sets, where sentences have them."""
    return {name: _answer(word, person, setting, titles) for name, word in measure.populations()}


def _answer(word: base.Word, person: Person, setting: Setting, titles: Mapping[str, str]) -> Answer:
    parts = (
        word.parts
        if isinstance(word, base.And | base.Or | base.AtLeastOf)
        else (word.part,)
        if isinstance(word, base.Not)
        else ()
    )
    return Answer(
        sentence(word, titles),
        _ANSWERS[holds(word, person, setting)],
        tuple(_answer(part, person, setting, titles) for part in parts),
    )
