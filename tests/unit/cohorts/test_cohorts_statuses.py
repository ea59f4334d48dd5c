"""Which rows of clinical tables count, by their status and by what their value says of their code."""

import ibis
import pyarrow as pa
import pytest

from hi_fhir.cohorts.records import countable_events, that_have_any

STATUSES = {
    "observation": (
        {"final", "amended", "corrected", "unknown", None},
        {"cancelled", "registered", "preliminary"},
    ),
    "condition": ({"active", "inactive", "remission", "recurrence", None}, {"refuted", "resolved"}),
    "procedure": ({"completed"}, {"not-done", "in-progress", "unknown", None}),
    "immunization": ({"completed"}, {"not-done", None}),
    "encounter": ({"finished", "in-progress", "arrived", None}, {"planned", "cancelled"}),
    "medication_request": (
        {"active", "completed", "stopped", "on-hold", "order", None},
        {"draft", "cancelled", "proposal", "plan", "option"},
    ),
}


def rows(**columns: list[str | None]) -> ibis.Table:
    return ibis.memtable(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))


@pytest.mark.parametrize("table", STATUSES)
def test_a_record_counts_by_its_status(table: str) -> None:
    counted, left_out = STATUSES[table]
    statuses = [*counted, *left_out]
    nothing: list[str | None] = [None] * len(statuses)
    events = rows(status=statuses, component=[""] * len(statuses), negation=nothing)

    found = countable_events(events, table).to_pyarrow()["status"].to_pylist()

    assert len(found) == len(counted)
    assert set(found) == counted


@pytest.mark.parametrize(
    ("table", "counted"),
    [
        ("observation", {None, "none"}),
        ("medication_request", {None, "none"}),
        ("condition", {None, "none", "denied", "absent"}),
    ],
)
def test_what_a_record_denies_is_no_record_of_it_where_a_record_can_deny(table: str, counted: set[str | None]) -> None:
    said = [None, "none", "denied", "absent"]
    events = rows(status=["active"] * 4, component=[""] * 4, negation=said)

    assert set(countable_events(events, table).to_pyarrow()["negation"].to_pylist()) == counted
    assert that_have_any(countable_events(events, table)).to_pyarrow()["negation"].to_pylist() == [None]
