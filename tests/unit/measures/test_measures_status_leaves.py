"""An answer is one to its own question: of the same source and record, in the same system, for the same leaf."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from hi_fhir.core.errors import DefinitionError
from hi_fhir.engine.connect import connect
from hi_fhir.measures import EVER, Person, answered, latest_of, value_set
from hi_fhir.measures.leaves import EVENT, event_input, event_inputs, leaf_rows, leaf_tables
from hi_fhir.measures.words.tree import leaves
from hi_fhir.measures.worked import event_rows, example_codes
from tests.support.leafing import FRAME, TERMINOLOGY, leaf_row, rows_of

HOUSEBOUND, CARER, YES, NO = (value_set(name) for name in ("housebound", "carer", "yes", "no"))
JUNE = date(2024, 6, 1)
ASKED = answered(HOUSEBOUND, YES, EVER)


def counts_with(folder: Path, **of_answer: str) -> bool:
    """Whether an answer counts whose row has other values in these columns."""
    question, answer = event_rows([Person().answered(HOUSEBOUND, YES, JUNE)])["Observation"].to_pylist()
    rows = pa.Table.from_pylist([question, answer | of_answer], schema=EVENT)
    found = leaves([ASKED])
    engine = connect(folder / "spill")
    tables = leaf_tables(found, FRAME, example_codes(found, TERMINOLOGY)) | {event_input("Observation"): rows}
    given = {name: engine.keep(name, one) for name, one in tables.items()}
    counted = engine.prepare(leaf_rows(found, FRAME, event_inputs(found))).run(given).num_rows
    engine.close()
    return bool(counted)


def test_an_answer_counts_in_the_record_of_its_question(tmp_path: Path) -> None:
    assert counts_with(tmp_path)
    assert not counts_with(tmp_path, resource_id="another")
    assert not counts_with(tmp_path, component="1.value")


def test_a_record_of_the_same_id_in_another_source_is_another(tmp_path: Path) -> None:
    assert not counts_with(tmp_path, source_id="another")


def test_an_answer_in_another_system_is_another(tmp_path: Path) -> None:
    assert not counts_with(tmp_path, system="urn:another")


def test_an_answer_to_one_question_is_none_to_that_of_another_leaf(tmp_path: Path) -> None:
    found = leaves([ASKED, answered(CARER, YES, EVER)])

    rows = rows_of(tmp_path, found, [Person().answered(CARER, YES, JUNE)])

    assert [row["leaf_id"] for row in rows] == [1]


def test_a_leaf_row_has_all_records_the_days_of_the_dated_ones_and_the_place_of_the_latest(tmp_path: Path) -> None:
    person = Person().observed(NO, None).observed(YES, JUNE).answered(HOUSEBOUND, NO, date(2025, 1, 1))

    row = leaf_row(tmp_path, latest_of(YES, NO, within=EVER, answering=HOUSEBOUND), person)

    assert row == {
        "person_id": 0,
        "leaf_id": 0,
        "n": 3,
        "first_date": JUNE,
        "last_date": date(2025, 1, 1),
        "low": 1.0,
        "high": 1.0,
    }


def test_a_status_that_is_none_of_them_is_refused_by_name() -> None:
    with pytest.raises(DefinitionError, match="carer is not one of yes, no"):
        latest_of(YES, NO, within=EVER).is_(CARER)
