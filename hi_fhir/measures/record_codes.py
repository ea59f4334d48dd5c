"""The codes by which leaves find records, and the events that have them."""

from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.words.events import OBSERVATION, Recorded

RECORD_CODE = pa.schema(
    [
        ("type", pa.string()),
        ("system", pa.string()),
        ("code", pa.string()),
        ("leaf_id", pa.int32()),
        ("from_day", pa.date32()),
        ("to_day", pa.date32()),
        ("undated", pa.bool_()),
        ("none", pa.bool_()),  # an answer that there is none counts too
    ]
)
"""Grain: one row per leaf, resource type and code."""


def record_codes(leaf_id: int, leaf: Recorded, context: EvaluationContext, codes: Codes) -> list[dict[str, Any]]:
    """RECORD_CODE's rows of one leaf."""
    return [
        {
            "type": type_,
            "system": system,
            "code": code,
            "leaf_id": leaf_id,
            **context.window_columns(leaf.window),
            "none": leaf.types == OBSERVATION,
        }
        for type_ in leaf.types
        for system, code in codes.of(leaf.value_set.id)
    ]


def matches(resource_type: str, events: ibis.Table, name: str = "record_code") -> ibis.Table:
    """Events that count and stand in the table of that name (RECORD_CODE).

    Grain: one row per leaf and record, however many of its codes the leaf has. Columns: person_id, leaf_id, start_date,
    source_id, resource_id.
    """
    codes = ibis.table(ibis.Schema.from_pyarrow(RECORD_CODE), name=name)
    codes = codes.filter(codes["type"] == resource_type)
    found = events.join(codes, ["system", "code"])
    in_window = (found.start_date >= found.from_day) & (found.start_date <= found.to_day)
    found = found.filter(in_window | (found.start_date.isnull() & found.undated))
    found = found.filter(found.negation.isnull() | found.none)
    return found.select("person_id", "leaf_id", "start_date", "source_id", "resource_id").distinct()
