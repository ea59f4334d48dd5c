"""Leaf rows of a few made-up people, without measures around them."""

from collections.abc import Sequence
from pathlib import Path

from hi_fhir.engine.connect import connect
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.examples import EXAMPLE_PERIOD, Person
from hi_fhir.measures.leaves import event_input, event_inputs, event_types, leaf_rows, leaf_tables
from hi_fhir.measures.words.base import Word
from hi_fhir.measures.words.tree import Leaf, leaves
from hi_fhir.measures.worked import IMD_YEAR, event_rows, example_codes, units_of
from hi_fhir.terminology.catalogue import load

TERMINOLOGY = load()
FRAME = EvaluationContext(EXAMPLE_PERIOD, EXAMPLE_PERIOD.end, IMD_YEAR)


def leaf_row(folder: Path, word: Word, person: Person, codes: Codes | None = None) -> dict[str, object] | None:
    """The row of the first leaf of `word` for one person, None where there is none."""
    [found] = [row for row in rows_of(folder, leaves([word]), [person], codes) if row["leaf_id"] == 0] or [None]
    return found


def rows_of(
    folder: Path, found: Sequence[Leaf], people: Sequence[Person], codes: Codes | None = None
) -> list[dict[str, object]]:
    """LEAF's rows of `people`, whose person_id is their place."""
    engine = connect(folder / "spill")
    own = codes or example_codes(found, TERMINOLOGY)
    tables = leaf_tables(found, FRAME, own, units_of(people))
    tables |= {event_input(type_): event_rows(people)[type_] for type_ in event_types(found)}
    given = {name: engine.keep(name, rows) for name, rows in tables.items()}
    rows = engine.prepare(leaf_rows(found, FRAME, event_inputs(found))).run(given).to_pylist()
    engine.close()
    return [{**row, "person_id": int(row["person_id"], 16)} for row in rows]
