"""Rows between views and tables say by name what the tables hold."""

import pytest

from hi_fhir.tables.partial import TABLES, buffered_fields
from hi_fhir.tables.rows import FIELDS
from hi_fhir.tables.schema import CLINICAL


def test_every_table_that_is_not_clinical_has_rows_of_its_own() -> None:
    assert FIELDS.keys() == {table for table, schema in TABLES.items() if schema is not CLINICAL}


@pytest.mark.parametrize("table", FIELDS)
def test_a_row_has_the_columns_of_its_table_in_their_order(table: str) -> None:
    columns = [name for name in TABLES[table].names if name != "source_id"]

    assert list(FIELDS[table]) == [*columns, "line"]
    assert [field.name for field in buffered_fields(table)] == [*columns, "seq"]
