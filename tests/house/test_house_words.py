"""A word without one of its renderings, or a rule of strata without its query, fails here and not in a run."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import pytest

from hi_fhir.measures import words
from hi_fhir.measures.plain import outcome
from hi_fhir.measures.render import narrative, query, requirements, silence, strata
from hi_fhir.measures.stratifiers import Rule
from hi_fhir.measures.words.base import Word

for module in iter_modules(words.__path__):
    import_module(f"{words.__name__}.{module.name}")


def word_classes(base: type[Word] = Word) -> Iterator[type[Word]]:
    for word in base.__subclasses__():
        if not word.__module__.startswith("hi_fhir."):
            continue  # of a test
        yield word
        yield from word_classes(word)


WORDS = list(word_classes())
RENDERINGS = {
    "query": query.condition,
    "sentence": narrative._phrase,
    "requirements": requirements.needs,
    "silence": silence.can_hold,
    "plain reading": outcome.holds,
}


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_every_word_has_every_rendering(word: type[Word], rendering: str) -> None:
    assert word in RENDERINGS[rendering].registry


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_every_word_is_frozen_and_says_when_it_is_null(word: type[Word]) -> None:
    assert word.__dataclass_params__.frozen
    assert "null" in word.__doc__
    assert word.__eq__ is not object.__eq__


@pytest.mark.parametrize("rule", get_args(Rule), ids=lambda rule: rule.__name__)
def test_every_rule_of_strata_has_a_query(rule: type) -> None:
    assert rule in strata._index.registry
