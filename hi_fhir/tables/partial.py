"""Rows of one chunk on their way to the tables: small batches become Arrow, a chunk becomes one sorted file a table.

A partial file is an Arrow IPC file whose rows stand in order of patient_id, so that any range of people is one slice.
`seq` (chunk number and line) tells a resource's rows from those of its other versions; it never reaches a table. A
clinical row has the number of its shape in place of the columns that are the same in many rows; see `shapes`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.clinical_rows import ranked
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.rows import FIELDS
from hi_fhir.tables.schema import (
    CLINICAL,
    IDENTITY,
    ORGANIZATION,
    OTHER_HOME,
    PATIENT,
    PATIENT_IDENTIFIER,
    PATIENT_LINK,
    REGISTRATION,
)
from hi_fhir.tables.shapes import SHAPE

TABLES: dict[str, pa.Schema] = {
    **dict.fromkeys(CLINICAL_TABLES.values(), CLINICAL),
    "ethnic_category": CLINICAL,
    "identity": IDENTITY,
    "organization": ORGANIZATION,
    "other_home": OTHER_HOME,
    "patient": PATIENT,
    "patient_identifier": PATIENT_IDENTIFIER,
    "patient_link": PATIENT_LINK,
    "registration": REGISTRATION,
}
"""Every table that flatten writes; `identity` goes elsewhere than the others."""

CATEGORIES = frozenset({*SHAPE, "sex", "nhs_number", "kind", "organization_kind"})
"""Columns of few words, which are numbers for words until they are written."""

_BATCH = 1_000


def buffered_fields(table: str) -> tuple[pa.Field, ...]:
    """What the rows of a table that is not clinical hold, in the order of their fields."""
    *names, _ = FIELDS[table]
    fields = [TABLES[table].field(name) for name in names]
    return (*(field.with_type(_buffered_type(field)) for field in fields), pa.field("seq", pa.int64()))


def _buffered_type(field: pa.Field) -> pa.DataType:
    return pa.int32() if field.name == "patient_id" or field.type == pa.date32() else field.type


class TableBuffer:
    """The rows of one table that is not clinical: a list that views append to, emptied before it outgrows the cache."""

    def __init__(self, table: str, first_seq: int) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._schema = TABLES[table]
        self._fields = buffered_fields(table)
        self._first_seq = first_seq
        self._batches: list[pa.RecordBatch] = []

    def drain(self, least: int = _BATCH) -> None:
        """Turn the rows into Arrow if there are at least `least`."""
        if len(self.rows) < least or not self.rows:
            return
        columns = zip(*self.rows, strict=True)
        arrays = [pa.array(values, field.type) for field, values in zip(self._fields, columns, strict=True)]
        self.rows.clear()
        self._batches.append(pa.RecordBatch.from_arrays(arrays, names=[field.name for field in self._fields]))

    def write(self, path: Path, patient_ids: Sequence[str]) -> int:
        """Write the chunk's rows in order of patient_id; the number of rows, and no file where there are none."""
        self.drain(least=1)
        if not self._batches:
            return 0
        rows = pa.Table.from_batches(self._batches).combine_chunks()
        self._batches.clear()
        if self._fields[0].name == "patient_id":
            dictionary, ranks = ranked(rows["patient_id"].to_numpy(), patient_ids)
            order = np.argsort(ranks, kind="stable")
            patients = pa.DictionaryArray.from_arrays(pa.array(ranks[order]), dictionary)
            rows = rows.take(pa.array(order)).set_column(0, "patient_id", patients)
        write_ipc(path, self._typed(rows))
        return int(rows.num_rows)

    def _typed(self, rows: pa.Table) -> pa.Table:
        """The rows with their columns as in the table, words as dictionaries."""
        columns = {}
        for name, column in zip(rows.column_names, rows.itercolumns(), strict=True):
            if name == "seq":
                columns[name] = pc.add(column, self._first_seq)
            elif pa.types.is_dictionary(column.type):
                columns[name] = column
            else:
                columns[name] = column.cast(self._schema.field(name).type)
                if name in CATEGORIES:
                    columns[name] = columns[name].dictionary_encode()
        return pa.table(columns)
