"""Rows of one chunk on their way to the tables: small batches become Arrow, a chunk becomes one sorted file a table.

A partial file is an Arrow IPC file whose rows stand in order of patient_id, so that any range of people is one slice of it.
`seq` (chunk number and line) tells a resource's rows from those of its other versions; it never reaches a table.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hi_fhir.core.files import commit_file
from hi_fhir.tables.schema import CLINICAL, CLINICAL_TABLES, IDENTITY, ORGANIZATION, PATIENT, REGISTRATION

TABLES: dict[str, pa.Schema] = {
    **{table: CLINICAL for table in CLINICAL_TABLES.values()},
    "ethnic_category": CLINICAL,
    "identity": IDENTITY,
    "organization": ORGANIZATION,
    "patient": PATIENT,
    "registration": REGISTRATION,
}
"""Every table that flatten writes; `identity` goes elsewhere than the others."""

_CATEGORIES = frozenset({"component", "system", "code", "unit", "status", "dated_by", "sex", "nhs_number", "kind"})
_BATCH = 2_000


def partial_columns(table: str) -> list[pa.Field]:
    """The columns that a view's tuples fill, in order: those of the table but source_id, and `seq`."""
    fields = [field.with_nullable(True) for field in TABLES[table] if field.name != "source_id"]
    return [*fields, pa.field("seq", pa.int64())]


class TableBuffer:
    """The rows of one table and chunk: a list that the views append to, emptied into Arrow before it outgrows the cache."""

    def __init__(self, table: str, first_seq: int) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._fields = partial_columns(table)
        self._numbered = self._fields[0].name == "patient_id"
        self._first_seq = first_seq
        self._batches: list[pa.Table] = []

    def drain(self, least: int = _BATCH) -> None:
        """Turn the rows into Arrow if there are at least `least`."""
        if len(self.rows) < least or not self.rows:
            return
        columns = list(zip(*self.rows, strict=True))
        self.rows.clear()
        arrays = [self._array(field, values) for field, values in zip(self._fields, columns, strict=True)]
        self._batches.append(pa.Table.from_arrays(arrays, names=[field.name for field in self._fields]))

    def _array(self, field: pa.Field, values: Sequence[Any]) -> pa.Array:
        if field.name == "seq":
            return pa.array(np.asarray(values, dtype=np.int64) + self._first_seq)
        if field.name == "patient_id":
            return pa.array(values, pa.int32())
        if field.type == pa.date32():
            return pa.array(values, pa.int32()).view(pa.date32())
        if pa.types.is_timestamp(field.type):
            return pa.array(values, pa.int64()).view(field.type)
        array = pa.array(values, field.type)
        return array.dictionary_encode() if field.name in _CATEGORIES else array

    def write(self, path: Path, patient_ids: Sequence[str]) -> int:
        """Write the chunk's rows in order of patient_id; the number of rows, and no file where there are none."""
        self.drain(least=1)
        if not self._batches:
            return 0
        table = pa.concat_tables(self._batches).unify_dictionaries().combine_chunks()
        self._batches.clear()
        if self._numbered:
            table = _sorted_by_patient(table, patient_ids)
        write_ipc(path, table)
        return int(table.num_rows)


def _sorted_by_patient(table: pa.Table, patient_ids: Sequence[str]) -> pa.Table:
    """The rows with their patient numbers turned into ids of a sorted dictionary, and in its order."""
    order = sorted(range(len(patient_ids)), key=patient_ids.__getitem__)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    ranks = rank[table["patient_id"].combine_chunks().to_numpy()]
    dictionary = pa.array([patient_ids[number] for number in order], pa.string())
    numbered = table.set_column(0, "patient_id", pa.DictionaryArray.from_arrays(pa.array(ranks), dictionary))
    return numbered.take(pa.array(np.argsort(ranks, kind="stable")))


def write_ipc(path: Path, table: pa.Table) -> None:
    """Commit a table as one Arrow IPC file of one batch."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    commit_file(temporary, path)
