"""Leaf rows of statuses: of what was recorded or answered, which of the statuses stands at the latest moment."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa

from hi_fhir.cohorts.records import answers_of_status, countable_events
from hi_fhir.measures.evaluation_context import UNTIMED, Codes, EvaluationContext
from hi_fhir.measures.words.statuses import LatestStatus
from hi_fhir.measures.words.tree import Leaf
from hi_fhir.tables.schema import LEAF

STATUS_CODE = pa.schema(
    [
        ("system", pa.string()),
        ("code", pa.string()),
        ("leaf_id", pa.int32()),
        ("place", pa.float64()),  # among the statuses, from 0
        ("from_day", pa.date32()),
        ("to_day", pa.date32()),
        ("undated", pa.bool_()),
    ]
)
"""Grain: one row per leaf and code of one of its statuses."""

QUESTION_CODE = pa.schema([("system", pa.string()), ("code", pa.string()), ("leaf_id", pa.int32())])
"""Grain: one row per leaf and code of the question that its statuses may answer."""

STATUS_TABLES = {"status_code": STATUS_CODE, "question_code": QUESTION_CODE}

_BEFORE_ALL_DAYS = date.min + timedelta(days=1)


def status_tables(leaves: Sequence[Leaf], context: EvaluationContext, codes: Codes) -> dict[str, pa.Table]:
    """The small tables that `status_rows` joins events to, by name; none where no leaf is a status."""
    found = [(leaf_id, leaf) for leaf_id, leaf in enumerate(leaves) if isinstance(leaf, LatestStatus)]
    if not found:
        return {}
    statuses = [row for leaf_id, leaf in found for row in _status_codes(leaf_id, leaf, context, codes)]
    questions = [
        {"system": system, "code": code, "leaf_id": leaf_id}
        for leaf_id, leaf in found
        for system, code in (codes.of(leaf.question.id) if leaf.question else ())
    ]
    return {
        "status_code": pa.Table.from_pylist(statuses, schema=STATUS_CODE),
        "question_code": pa.Table.from_pylist(questions, schema=QUESTION_CODE),
    }


def _status_codes(leaf_id: int, leaf: LatestStatus, context: EvaluationContext, codes: Codes) -> list[dict[str, Any]]:
    return [
        {"system": system, "code": code, "leaf_id": leaf_id, "place": place, **context.window_columns(leaf.window)}
        for place, status in enumerate(leaf.statuses)
        for system, code in codes.of(status.id)
    ]


def status_rows(leaves: Sequence[Leaf], observations: ibis.Table) -> ibis.Table:
    """LEAF's columns of the leaves that are statuses. observations: EVENT's."""
    rows = countable_events(observations, "observation").join(_named("status_code"), ["system", "code"])
    rows = rows.select(*_COLUMNS)
    if any(isinstance(leaf, LatestStatus) and leaf.question for leaf in leaves):
        rows = rows.union(_answers(observations))
    in_window = (rows.start_date >= rows.from_day) & (rows.start_date <= rows.to_day)
    return _latest(rows.filter(in_window | (rows.start_date.isnull() & rows.undated)))


_COLUMNS = ("person_id", "leaf_id", "start_date", "at", "place", "from_day", "to_day", "undated")


def _answers(observations: ibis.Table) -> ibis.Table:
    """Coded answers to the questions of leaves: the answer itself decides, whatever it says of the question's code."""
    asked = observations.join(_named("question_code"), ["system", "code"])
    answered_in = (asked.component == "").ifelse("value", asked.component + ".value")
    asked = asked.select("source_id", "resource_id", "leaf_id", component=answered_in).distinct()
    answers = answers_of_status(observations).join(asked, ["source_id", "resource_id", "component"])
    return answers.join(_named("status_code"), ["system", "code", "leaf_id"]).select(*_COLUMNS)


def _latest(rows: ibis.Table) -> ibis.Table:
    rows = rows.mutate(
        day=ibis.coalesce(rows.start_date, ibis.literal(_BEFORE_ALL_DAYS)),
        at=ibis.coalesce(rows["at"], ibis.literal(UNTIMED)),
    )
    instants = rows.group_by("person_id", "leaf_id", "day", "at").agg(
        n=rows.count(), dated=rows.start_date.max(), low=rows.place.min(), high=rows.place.max()
    )
    days = instants.group_by("person_id", "leaf_id", "day").agg(
        n=instants.n.sum(),
        dated=instants.dated.max(),
        low=instants.low.argmax(instants["at"], where=instants.low.notnull()),
        high=instants.high.argmax(instants["at"], where=instants.high.notnull()),
    )
    found = days.group_by("person_id", "leaf_id").agg(
        n=days.n.sum(),
        first_date=days.dated.min(),
        last_date=days.dated.max(),
        low=days.low.argmax(days.day, where=days.low.notnull()),
        high=days.high.argmax(days.day, where=days.high.notnull()),
    )
    return found.select(*LEAF.names)


def _named(name: str) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(STATUS_TABLES[name]), name=name)
