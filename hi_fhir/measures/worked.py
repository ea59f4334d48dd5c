"""People of worked examples through the real engine: their records become tables, and the facts say where they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from hi_fhir.cohorts.people import write_buckets
from hi_fhir.core.days import age_on
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.evaluate import Evaluator
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.examples import SETTLES, Event, Example, Person, StratumExample, times
from hi_fhir.measures.facts import all_leaves, fact_name
from hi_fhir.measures.leaves import EVENT
from hi_fhir.measures.model import DEFINED, NOT_REVIEWED, OCCASIONS, CountMeasure, Measure, RatioMeasure
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words.population import registered
from hi_fhir.measures.words.tree import Leaf, value_sets_of
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.schema import PERSON, REFERENCE
from hi_fhir.terminology.catalogue import Terminology
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.systems import SNOMED

EXAMPLE_SYSTEM = "urn:hi-fhir:example"
IMD_YEAR = 2025

E = TypeVar("E", Example, StratumExample)

_EVERYBODY = CountMeasure(
    id="everybody",
    version="1",
    title="Everybody who is registered",
    description="What the examples of a breakdown are placed by.",
    rule_set="examples",
    source="examples",
    reviewed_by=NOT_REVIEWED,
    next_review=date.max,
    initial_population=registered(),
    stratifiers=(),
)


def failures(engine: Engine, folder: Path, measures: Sequence[Measure], terminology: Terminology) -> list[str]:
    """What is wrong with the worked examples of `measures`, a sentence each. `folder`: for temporary files."""
    return [
        f"{measure.id}, example {example.name!r}: {outcome}, not {example.told}"
        for measure in measures
        for example, outcome in placed(engine, folder, measure, terminology)
        if outcome != example.told
    ]


def placed(engine: Engine, folder: Path, measure: Measure, terminology: Terminology) -> list[tuple[Example, str]]:
    """Each worked example of `measure` with where the engine puts its person; in no stated order."""
    found: list[tuple[Example, str]] = []
    for context, examples in by_context(measure.examples).items():
        people = [example.person for example in examples]
        found += zip(
            examples, outcomes(engine, folder, [measure], people, context, terminology)[measure.id], strict=True
        )
    return found


def stratum_failures(
    engine: Engine, folder: Path, stratifiers: Sequence[Stratifier], terminology: Terminology
) -> list[str]:
    """What is wrong with the examples of breakdowns, a sentence each. `folder`: for temporary files."""
    faults = []
    for one in stratifiers:
        for context, examples in by_context(one.examples).items():
            found = strata_of(engine, folder, one, [example.person for example in examples], context, terminology)
            faults += [
                f"{one.id}, example {example.name!r}: {stratum}, not {example.stratum}"
                for example, stratum in zip(examples, found, strict=True)
                if stratum != example.stratum
            ]
    return faults


def strata_of(
    engine: Engine,
    folder: Path,
    stratifier: Stratifier,
    people: Sequence[Person],
    context: EvaluationContext,
    terminology: Terminology,
) -> list[str]:
    """The stratum of each of `people`; UNKNOWN of those who are registered nowhere, of whom there is no fact."""
    rows = _facts(engine, folder, [replace(_EVERYBODY, stratifiers=(stratifier,))], people, context, terminology)
    places = (rows.get(_person_id(number), {}).get(stratifier.id, -1) for number in range(len(people)))
    return [stratifier.strata[place] for place in places]


def by_context(examples: Iterable[E]) -> dict[EvaluationContext, list[E]]:
    """Examples by the period and day that they are looked at."""
    found: dict[EvaluationContext, list[E]] = {}
    for example in examples:
        found.setdefault(EvaluationContext(example.period, example.as_of, IMD_YEAR), []).append(example)
    return found


def outcomes(
    engine: Engine,
    folder: Path,
    measures: Sequence[Measure],
    people: Sequence[Person],
    context: EvaluationContext,
    terminology: Terminology,
) -> dict[str, list[str]]:
    """For each measure where it puts each of `people`, as the names of OUTCOMES."""
    rows = _facts(engine, folder, measures, people, context, terminology)
    return {
        measure.id: [_outcome(measure, rows.get(_person_id(number))) for number in range(len(people))]
        for measure in measures
    }


def _facts(
    engine: Engine,
    folder: Path,
    measures: Sequence[Measure],
    people: Sequence[Person],
    context: EvaluationContext,
    terminology: Terminology,
) -> dict[str, dict[str, Any]]:
    """The facts of these people by person_id."""
    leaves = all_leaves(measures)
    events = {type_: engine.keep(f"example_{type_}", rows) for type_, rows in event_rows(people).items()}
    evaluator = Evaluator(engine, measures, context, example_codes(leaves, terminology), units_of(people))
    write_buckets(person_rows(people, context), PERSON, _BUCKET, folder / "person")
    evaluator.write_leaves(events, _BUCKET, folder)
    evaluator.write_facts(_BUCKET, folder)
    facts = pq.ParquetFile(folder / "fact" / f"{_BUCKET}.parquet").read()
    return {row["person_id"]: row for row in facts.to_pylist()}


def example_codes(leaves: Iterable[Leaf], terminology: Terminology) -> Codes:
    """A made-up code for each value set, so that an example depends on no code list; units are those of the data."""
    names = {name for leaf in leaves for name in value_sets_of(leaf)}
    known = [terminology.value_sets[name] for name in names & terminology.value_sets.keys()]
    return Codes(
        value_sets={name: frozenset({Coding(EXAMPLE_SYSTEM, name)}) for name in names},
        analytes={one.id: one.analyte for one in known if one.analyte},
        units=terminology.units(),
    )


def units_of(people: Iterable[Person]) -> frozenset[str]:
    """The units of whatever was measured of these people."""
    return frozenset(event.unit for one in people for event in one.events if event.unit)


def person_rows(people: Sequence[Person], context: EvaluationContext) -> pa.Table:
    """PERSON's rows of the people, named by their place."""
    return pa.Table.from_pylist([_person_row(number, one, context) for number, one in enumerate(people)], schema=PERSON)


def event_rows(people: Sequence[Person]) -> dict[str, pa.Table]:
    """Resource type to the events of the people, with CLINICAL's columns and person_id."""
    rows: dict[str, list[dict[str, Any]]] = {type_: [] for type_ in CLINICAL_TABLES}
    for number, one in enumerate(people):
        for place, event in enumerate(one.events):
            rows[event.type].append(_event_row(number, place, event))
    return {type_: pa.Table.from_pylist(found, schema=EVENT) for type_, found in rows.items()}


_BUCKET = "0"


def _person_id(number: int) -> str:
    return f"{number:032x}"  # in the bucket above, as long as there are fewer than 16 ** 31 of them


def _person_row(number: int, one: Person, context: EvaluationContext) -> dict[str, Any]:
    return {
        "person_id": _person_id(number),
        "practice_id": one.practice,
        "registered": one.practice is not None,
        "registered_on": one.registered_on,
        "birth_date": one.born,
        "birth_date_exact": one.birth_date_exact if one.born else None,
        "age": age_on(one.born, context.period.end) if one.born else None,
        "sex": one.sex,
        "sex_agrees": one.sex_agrees,
        "nhs_number": one.nhs_number,
        "restricted": False,
        "language_recorded": one.language_recorded,
        "interpreter": one.interpreter,
        "ethnicity": one.ethnicity,
        "ethnic_category_2001": one.ethnic_category_2001,
        "ethnic_category_2021": one.ethnic_category_2021,
        "ethnic_group_2021": one.ethnic_group_2021,
        "ethnicity_agrees": one.ethnicity_agrees,
        "deprivation": one.home,
        f"imd_{context.imd_year}_decile": one.imd_decile,
    }


def _event_row(number: int, place: int, event: Event) -> dict[str, Any]:
    return {
        "source_id": "example",
        "patient_id": _person_id(number),
        "person_id": _person_id(number),
        "resource_id": f"{number}-{event.id or place}",
        "component": event.component,
        "system": _system(event),
        "code": f"{number}-{event.refers_to}" if event.refers_to else event.value_set,
        "start_date": event.on,
        "end_date": event.on,
        "value": event.value,
        "unit": event.unit,
        "status": event.status,
        "at": event.at,
        "comparator": event.comparator,
        "negation": event.negation,
    }


def _system(event: Event) -> str | None:
    if event.refers_to:
        return f"{REFERENCE}Condition"
    if event.value_set is None:
        return None
    return SNOMED if event.in_snomed else EXAMPLE_SYSTEM


def _outcome(measure: Measure, row: Mapping[str, Any] | None) -> str:
    """The name of the population that settled somebody; undetermined before all else."""
    if row is None:
        return "outside"
    found = {name for name in DEFINED if row.get(fact_name(measure.id, name))}
    if row[fact_name(measure.id, "undetermined")]:
        return "undetermined"
    if "initial_population" not in found:
        return "outside"
    if not measure.has_score or (measure.denominator is not None and "denominator" not in found):
        return "initial-population"
    outcome = next((outcome for name, outcome in SETTLES.items() if name in found), "denominator")
    if isinstance(measure, RatioMeasure) and "numerator" in found:
        return times(outcome, row[fact_name(measure.id, OCCASIONS)])
    return outcome
