"""Which value sets a source speaks of at all: without this nobody could tell a zero from a silence."""

from collections.abc import Iterable, Sequence, Set
from pathlib import Path

import ibis
import pyarrow as pa

from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures.evaluation_context import Codes
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render.requirements import answer_sets, measure_needs
from hi_fhir.tables.clinical import CLINICAL_TABLES

_WHOLE = ""
_CODE = pa.schema([("system", pa.string()), ("code", pa.string()), ("value_set", pa.string())])


def codings_read(
    engine: Engine, snapshots: Sequence[Path], measures: Iterable[Measure], codes: Codes
) -> dict[str, dict[str, dict[str, int]]]:
    """Source to type to value set to codings of it in the records that were kept, of whatever day, status or patient.

    Of a type that a measure reads whole, "" stands for every coding, beside the value sets that others read of it. What
    has none is not there.
    """
    measures = tuple(measures)
    answers = answer_sets(measures)
    asked: dict[str, set[str]] = {}
    for type_, value_set in sorted(set().union(*map(measure_needs, measures)), key=str):
        asked.setdefault(type_, set()).add(value_set or _WHOLE)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for type_, value_sets in sorted(asked.items()):
        rows = read_table(engine, snapshots, CLINICAL_TABLES[type_], name=f"heard_{CLINICAL_TABLES[type_]}")
        for row in engine.query(_counts(rows, value_sets, codes, answers)).to_pylist():
            found.setdefault(row["source_id"], {}).setdefault(type_, {})[row["value_set"]] = row["codings"]
    return {
        source: {type_: dict(sorted(sets.items())) for type_, sets in types.items()} for source, types in found.items()
    }


def _counts(rows: ibis.Table, value_sets: set[str], codes: Codes, answers: Set[str]) -> ibis.Table:
    """Columns: source_id, value_set, codings. answers: value sets whose codes may be answers."""
    named = sorted(value_sets - {_WHOLE})
    rows_of = [(*coding, value_set) for value_set in named for coding in codes.of(value_set)]
    columns = zip(*rows_of, strict=True) if rows_of else ((), (), ())
    code = ibis.memtable(pa.table([pa.array(column, pa.string()) for column in columns], schema=_CODE))
    found = rows.join(code, ["system", "code"])
    own = ~found.component.endswith("value")  # an answer is no record of what it names
    found = found.filter(own | found.value_set.isin(sorted(answers)) if answers else own)
    found = found.select("source_id", "value_set")
    if _WHOLE in value_sets:
        found = found.union(rows.select("source_id", value_set=ibis.literal(_WHOLE)))
    return found.group_by("source_id", "value_set").agg(codings=found.count())
