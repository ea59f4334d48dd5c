"""The engine and the plain reading asked about the same people, so that a measure has a second opinion.

The people are those of the worked examples and their neighbours: each with one record gone, a day or a unit away, and
with birth date and sex changed. Units are the terminology's for both; all else each reads on its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.examples import Event, Person
from hi_fhir.measures.model import Measure
from hi_fhir.measures.plain.outcome import outcome
from hi_fhir.measures.plain.setting import Convert, Setting
from hi_fhir.measures.plain.strata import stratum
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.worked import E, by_context, outcomes, strata_of
from hi_fhir.terminology.catalogue import Terminology

_DECIMALS = 9
_A_DAY = timedelta(days=1)


class Opinions(NamedTuple):
    """people: how many were asked about, once for each measure that they were made for. faults: a sentence each."""

    people: int
    faults: list[str]


def opinions(
    engine: Engine,
    folder: Path,
    measures: Sequence[Measure],
    stratifiers: Sequence[Stratifier],
    terminology: Terminology,
) -> Opinions:
    """Where the engine and the plain reading differ. `folder`: for temporary files."""
    faults: list[str] = []
    convert, asked = converter(terminology), 0
    for measure in measures:
        for context, named in _with_neighbours(measure.examples).items():
            people = [person for _, person in named]
            asked += len(people)
            found = outcomes(engine, folder, [measure], people, context, terminology)[measure.id]
            setting = Setting(context.period, context.as_of, convert)
            plain = [outcome(measure, person, setting) for person in people]
            faults += _differences(measure.id, named, found, plain)
    for one in stratifiers:
        for context, named in _with_neighbours(one.examples).items() if one.words else ():
            people = [person for _, person in named]
            asked += len(people)
            found = strata_of(engine, folder, one, people, context, terminology)
            setting = Setting(context.period, context.as_of, convert)
            faults += _differences(one.id, named, found, [stratum(one, person, setting) for person in people])
    return Opinions(asked, faults)


def _differences(
    id_: str, named: Sequence[tuple[str, Person]], found: Sequence[str], plain: Sequence[str]
) -> Iterator[str]:
    for (name, _), by_engine, by_plain in zip(named, found, plain, strict=True):
        if by_engine != by_plain:
            yield (
                f"{id_}: {name}: {by_engine} by the engine, {by_plain} by the plain reading of its words. One of them "
                "is wrong about a word: please report it, with the definition."
            )


def converter(terminology: Terminology) -> Convert:
    """From a unit as received to one that is meant, as the terminology has it."""
    units = terminology.units()

    def convert(value: float, received: str, unit: str, value_set: str) -> float | None:
        known = terminology.value_sets.get(value_set)
        way = units.conversion(received, unit, known.analyte if known else None)
        return None if way is None else round(value * way.factor + way.offset, _DECIMALS)

    return convert


def neighbours(person: Person) -> Iterator[tuple[str, Person]]:
    """People who differ from `person` in one thing, with what that is."""
    yield "no birth date", replace(person, born=None)
    if person.born:
        yield "born a day earlier", replace(person, born=_moved(person.born, -_A_DAY))
        yield "born a day later", replace(person, born=_moved(person.born, _A_DAY))
    yield "sex not known", replace(person, sex="unknown")
    for place, event in enumerate(person.events):
        for what, changed in _changes(event):
            others = (person.events[:place], (changed,) if changed else (), person.events[place + 1 :])
            yield f"record {place + 1} {what}", replace(person, events=tuple(e for part in others for e in part))


def _changes(event: Event) -> Iterator[tuple[str, Event | None]]:
    yield "gone", None
    yield "undated", replace(event, on=None, at=None)
    if event.on:
        yield "a day earlier", replace(event, on=_moved(event.on, -_A_DAY), at=None)
        yield "a day later", replace(event, on=_moved(event.on, _A_DAY), at=None)
    if event.value is not None:
        yield "one lower", replace(event, value=event.value - 1)
        yield "one higher", replace(event, value=event.value + 1)


def _moved(day: date, by: timedelta) -> date:
    """The day after `by`; one at either end of the calendar stays."""
    try:
        return day + by
    except OverflowError:
        return day


def _with_neighbours(examples: Iterable[E]) -> dict[EvaluationContext, list[tuple[str, Person]]]:
    """The people of examples and their neighbours, by the period and day that they are looked at."""
    found: dict[EvaluationContext, list[tuple[str, Person]]] = {}
    for context, own in by_context(examples).items():
        named = found.setdefault(context, [])
        for example in own:
            named.append((f"example {example.name!r}", example.person))
            named += ((f"example {example.name!r}, {what}", other) for what, other in neighbours(example.person))
    return found
