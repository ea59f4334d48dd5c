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
from hi_fhir.tables.dates import SPAN_BITS, london_days
from hi_fhir.tables.ipc import write_ipc
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
_CLINICAL = (
    pa.field("patient_id", pa.int32()),
    pa.field("resource_id", pa.string()),
    pa.field("shape", pa.int32()),
    pa.field("span", pa.int64()),
    pa.field("at", pa.int64()),
    pa.field("value", pa.float64()),
    pa.field("seq", pa.int64()),
)


def buffered_fields(table: str) -> tuple[pa.Field, ...]:
    """What a view's tuples hold, in order: for a clinical table see `Context`, else the columns but source_id, and seq.
    Patients are numbers, days are days from 1970-01-01."""
    schema = TABLES[table]
    if schema is CLINICAL:
        return _CLINICAL
    fields = [field for field in schema if field.name != "source_id"]
    return (*(field.with_type(_buffered_type(field)) for field in fields), pa.field("seq", pa.int64()))


def _buffered_type(field: pa.Field) -> pa.DataType:
    return pa.int32() if field.name == "patient_id" or field.type == pa.date32() else field.type


class TableBuffer:
    """The rows of one table and chunk: a list that views append to, emptied into Arrow before it outgrows the cache."""

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
        order = None
        if self._fields[0].name == "patient_id":
            patients, order = _ranked_patients(rows["patient_id"], patient_ids)
            rows = rows.take(order).set_column(0, "patient_id", patients.take(order))
        if self._schema is CLINICAL:
            rows = _dated(rows)
        write_ipc(path, self._typed(rows))
        return int(rows.num_rows)

    def _typed(self, rows: pa.Table) -> pa.Table:
        """The rows with their columns as in the table, words as dictionaries."""
        columns = {}
        for name, column in zip(rows.column_names, rows.itercolumns(), strict=True):
            if name == "seq":
                columns[name] = pc.add(column, self._first_seq)
            elif pa.types.is_dictionary(column.type) or name == "shape":
                columns[name] = column
            else:
                columns[name] = column.cast(self._schema.field(name).type)
                if name in CATEGORIES:
                    columns[name] = columns[name].dictionary_encode()
        return pa.table(columns)


def _ranked_patients(numbers: pa.ChunkedArray, patient_ids: Sequence[str]) -> tuple[pa.DictionaryArray, pa.Array]:
    """Patient numbers as ids of a sorted dictionary, and the order of rows that sorts them."""
    by_id = sorted(range(len(patient_ids)), key=patient_ids.__getitem__)
    rank = np.empty(len(by_id), dtype=np.int32)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    ranks = rank[numbers.to_numpy()]
    dictionary = pa.array([patient_ids[number] for number in by_id], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(ranks), dictionary), pa.array(np.argsort(ranks, kind="stable"))


def _dated(rows: pa.Table) -> pa.Table:
    """Clinical rows with first and last days in place of their spans."""
    first, last = _days(rows["span"].combine_chunks(), rows["at"].combine_chunks())
    place = rows.column_names.index("span")
    return rows.set_column(place, "start_date", first).add_column(place + 1, "end_date", last)


def _days(spans: pa.Array, instants: pa.Array) -> tuple[pa.Array, pa.Array]:
    """First and last days of spans; where a row has an instant instead, its London day is both."""
    first = pc.shift_right(spans, SPAN_BITS)
    last = pc.add(first, pc.bit_wise_and(spans, (1 << SPAN_BITS) - 1))
    known = instants.drop_null().to_numpy()
    london = pc.replace_with_mask(
        pa.nulls(len(instants), pa.int64()), instants.is_valid(), pa.array(london_days(known))
    )
    return tuple(pc.coalesce(days, london).cast(pa.int32()) for days in (first, last))
