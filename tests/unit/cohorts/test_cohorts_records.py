"""Which vaccinations and prescriptions count, by status and intent."""

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from hi_fhir.cohorts.records import countable_events
from hi_fhir.tables.schema import CLINICAL
from tests.support.fhir_records import a_concept
from tests.support.flattening import rows_of
from tests.support.landing import config_in

SUBJECT = {"reference": "Patient/p1"}


def counted(folder: Path, table: str, record: dict[str, Any]) -> int:
    """How many of the record's rows count."""
    rows = [{name: row.get(name) for name in CLINICAL.names} for row in rows_of(config_in(folder), record)]
    assert len(rows) == 1
    found = countable_events(ibis.memtable(pa.Table.from_pylist(rows, schema=CLINICAL)), table)
    return int(found.count().to_pyarrow().as_py())


@pytest.mark.parametrize(("status", "counts"), [("completed", 1), ("not-done", 0)])
def test_a_vaccination_counts_once_it_was_given(tmp_path: Path, status: str, counts: int) -> None:
    record = {"resourceType": "Immunization", "id": "i1", "status": status, "patient": SUBJECT}
    assert counted(tmp_path, "immunization", {**record, "vaccineCode": a_concept("1")}) == counts


@pytest.mark.parametrize(
    ("stated", "counts"),
    [
        *(({"status": status, "intent": "order"}, 1) for status in ("active", "stopped", "on-hold", "completed")),
        *(({"status": status, "intent": "order"}, 0) for status in ("draft", "cancelled")),
        *(({"status": "active", "intent": intent}, 0) for intent in ("proposal", "plan", "option")),
        *(({"status": "active", "intent": intent}, 1) for intent in ("original-order", "instance-order", None)),
        ({"status": "active", "intent": "order", "doNotPerform": True}, 0),
    ],
)
def test_a_prescription_counts_once_somebody_signed_it(tmp_path: Path, stated: dict[str, Any], counts: int) -> None:
    record = {"resourceType": "MedicationRequest", "id": "m1", "subject": SUBJECT, **stated}
    assert counted(tmp_path, "medication_request", {**record, "medicationCodeableConcept": a_concept("1")}) == counts
