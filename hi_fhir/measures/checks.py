"""What can be wrong with a definition before anybody is counted; its worked examples are checked by `worked`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import value_sets
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.terminology.catalogue import Terminology

_KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IMPROVEMENTS = ("increase", "decrease")
_TEXTS = ("version", "title", "description", "rule_set", "source", "reviewed_by")


def faults(measures: Sequence[Measure], terminology: Terminology) -> list[str]:
    """What is wrong with the definitions, a sentence each that begins with the measure's id."""
    return [f"{measure.id}: {fault}" for measure in measures for fault in _faults(measure, terminology)]


def _faults(measure: Measure, terminology: Terminology) -> Iterator[str]:
    if not _KEBAB_CASE.fullmatch(measure.id):
        yield "the id is not kebab-case. Write it in lower case, with hyphens between the words."
    for name in _TEXTS:
        if not getattr(measure, name).strip():
            yield f"{name} is empty. Say it in the definition."
    if measure.improvement not in _IMPROVEMENTS:
        yield f"improvement {measure.improvement!r} is not one of {', '.join(_IMPROVEMENTS)}."
    for id_ in value_sets(measure):
        if id_ not in terminology.value_sets:
            yield f"no value set is called {id_}. Add terminology/value_sets/{id_}.csv, or put it in an overlay."
    for id_ in _repeated(stratifier.id for stratifier in measure.stratifiers):
        yield f"the stratifier {id_} appears twice. Remove one."
    for name in _repeated(example.name for example in measure.examples):
        yield f"two examples are called {name!r}. Name each for what it shows."
    shown = {example.outcome for example in measure.examples}
    if not measure.has_score:
        if not {"initial-population", "outside"} <= shown:
            yield "the examples do not show both somebody who is counted and somebody who is not."
    elif "numerator" not in shown or not shown & {"denominator", "exception"}:
        yield "the examples do not show both somebody in the numerator and somebody of the denominator who is not."


def stratifier_faults(stratifiers: Sequence[Stratifier]) -> list[str]:
    """What is wrong with breakdowns by words, a sentence each that begins with the id."""
    return [
        f"{one.id}: no example shows somebody in the stratum {stratum!r}."
        for one in stratifiers
        if one.words
        for stratum in one.strata[:-1]
        if stratum not in {example.stratum for example in one.examples}
    ]


def _repeated(names: Iterator[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
