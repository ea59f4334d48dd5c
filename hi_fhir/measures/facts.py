"""Leaf rows and the person's own columns to one row of booleans a registered person, for all measures together."""

from collections.abc import Sequence
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.measures.evaluation_context import EvaluationContext
from hi_fhir.measures.model import OCCASIONS, Measure, RatioMeasure
from hi_fhir.measures.render.query import Facts, condition, field_name, is_null, occasions
from hi_fhir.measures.render.strata import stratum_index
from hi_fhir.measures.stratifiers import Stratifier
from hi_fhir.measures.words.events import (
    EncounterClassIs,
    EncounterTypeCoded,
    LatestEncounter,
    Recorded,
    RecordedDays,
    RecordedNear,
)
from hi_fhir.measures.words.problems import Problems
from hi_fhir.measures.words.statuses import LatestStatus
from hi_fhir.measures.words.tree import Leaf, leaves
from hi_fhir.measures.words.values import LatestValue
from hi_fhir.tables.schema import LEAF, PERSON

PERSON_TABLE, LEAF_TABLE = "person", "leaf"
_KEYS = ("person_id", "practice_id")


def fact_name(measure_id: str, population: str) -> str:
    return f"{measure_id}/{population}"


def all_leaves(measures: Sequence[Measure]) -> tuple[Leaf, ...]:
    return leaves(word for measure in measures for word in measure.words())


def single_stratifiers(measures: Sequence[Measure]) -> tuple[Stratifier, ...]:
    """The distinct stratifiers of the measures, those within crossings among them."""
    return tuple(dict.fromkeys(one for measure in measures for one in measure.single_stratifiers))


def fact_columns(measure: Measure) -> tuple[str, ...]:
    """The populations of `measure` that facts hold: those it defines, and what is counted beside."""
    own = [name for name, _ in measure.populations()]
    return (*own, *(name for name in (OCCASIONS, "undetermined") if name in measure.counted))


def fact_schema(measures: Sequence[Measure]) -> pa.Schema:
    """Columns of `fact_rows`: person_id, practice_id, the index of each stratum, and of each measure its booleans.

    Of a ratio there is also how often.
    """
    places = [pa.field(stratifier.id, pa.int8(), nullable=False) for stratifier in single_stratifiers(measures)]
    booleans = [
        pa.field(fact_name(measure.id, name), pa.int32() if name == OCCASIONS else pa.bool_(), nullable=False)
        for measure in measures
        for name in fact_columns(measure)
    ]
    return pa.schema([*(PERSON.field(name).with_nullable(False) for name in _KEYS), *places, *booleans])


def fact_rows(measures: Sequence[Measure], context: EvaluationContext) -> ibis.Table:
    """The columns of `fact_schema`, from the tables `person` and `leaf` by name.

    Grain: one row per registered person, in order of person_id.
    """
    person = ibis.table(ibis.Schema.from_pyarrow(PERSON), name=PERSON_TABLE)
    person = person.filter(person.practice_id.notnull() & person.registered)
    found = all_leaves(measures)
    rows = person.left_join(_pivot_leaves(found), "person_id")
    facts = Facts(rows, {leaf: number for number, leaf in enumerate(found)}, context)
    columns: dict[str, Any] = {}
    for stratifier in single_stratifiers(measures):
        columns[stratifier.id] = stratum_index(stratifier, facts)
    for measure in measures:
        for name, value in _decide_populations(measure, facts).items():
            columns[fact_name(measure.id, name)] = value
    ordered = {name: columns[name] for name in fact_schema(measures).names if name in columns}
    return rows.select(*_KEYS, **ordered).order_by("person_id")


def _pivot_leaves(found: Sequence[Leaf]) -> ibis.Table:
    leaf = ibis.table(ibis.Schema.from_pyarrow(LEAF), name=LEAF_TABLE)
    columns = {
        field_name(number, field): (leaf.leaf_id == number).ifelse(leaf[field], ibis.null()).max()
        for number, one in enumerate(found)
        for field in _fields(one)
    }
    return leaf.group_by("person_id").agg(**columns)


def _fields(leaf: Leaf) -> tuple[str, ...]:
    match leaf:
        case Recorded():
            return ("n", "first_date", "last_date")
        case RecordedDays() | RecordedNear():
            return ("n",)
        case EncounterClassIs() | EncounterTypeCoded():
            return ("low",)
        case LatestEncounter() | LatestStatus() | Problems():
            return ("n", "low", "high")
        case LatestValue():
            return ("last_date", "low", "high")


def _decide_populations(measure: Measure, facts: Facts) -> dict[str, Any]:
    """The populations in order of decision, each only of those whom an earlier one has not settled.

    Somebody for whom one of them comes out null where it would have counted is undetermined, once.
    """
    stated = {name: condition(word, facts) for name, word in measure.populations()}
    sure = {name: value.fill_null(False) for name, value in stated.items()}
    found = {"initial_population": sure["initial_population"]}
    left = found["initial_population"]
    undetermined = is_null(stated["initial_population"])
    if "denominator" in stated:
        undetermined = undetermined | (left & is_null(stated["denominator"]))
        found["denominator"] = left = left & sure["denominator"]
    for name in ("denominator_exclusion", "numerator", "denominator_exception"):
        if name in stated:
            undetermined = undetermined | (left & is_null(stated[name]))
            found[name] = left & sure[name]
            left = left & ~sure[name]
    if "numerator_exclusion" in stated:
        undetermined = undetermined | (found["numerator"] & is_null(stated["numerator_exclusion"]))
        found["numerator_exclusion"] = found["numerator"] & sure["numerator_exclusion"]
    if isinstance(measure, RatioMeasure):
        found[OCCASIONS] = found["numerator"].ifelse(occasions(measure.occasions, facts), 0).cast("int32")
    return {**found, "undetermined": undetermined}
