"""The rows of one clinical table in a chunk: a column each, filled by the views, written in order of patient_id."""

import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hi_fhir.tables.dates import SPAN_BITS, london_days
from hi_fhir.tables.ipc import write_ipc
from hi_fhir.tables.schema import INSTANT
from hi_fhir.tables.texts import Texts

NONE = -(1 << 63)
"""Stands for no span and no instant in the columns of numbers."""

NO_VALUE = math.nan
"""Stands for no value: JSON has no such number."""


class AddRow(Protocol):
    def __call__(
        self,
        patient: int,
        resource_id: str | None,
        shape: int,
        span: int | None,
        at: int | None,
        value: float | None,
        line: int,
    ) -> None:
        """Add one row. resource_id: None in all rows of a table, or in none."""
        ...


class ClinicalRows:
    """The columns. patient: its number in the chunk. span, at: of `dates.When`, NONE where it has none.

    shape: its number in the chunk. value: NO_VALUE where there is none. line: of the chunk. `add` fills all of them.
    """

    def __init__(self, first_seq: int) -> None:
        self.patient = array("i")
        self.resource_id: list[str] = []  # of the rows since the last drain
        self.shape = array("i")
        self.span = array("q")
        self.at = array("q")
        self.value = array("d")
        self.line = array("q")
        self.add = _adder(self)
        self._first_seq = first_seq
        self._resource_ids = Texts()

    def drain(self) -> None:
        """Put the ids of resources away."""
        if self.resource_id:
            self._resource_ids.extend(self.resource_id)
            self.resource_id.clear()

    def write(self, path: Path, patient_ids: Sequence[str]) -> int:
        """Write the rows in order of patient_id; their number, and no file where there are none."""
        self.drain()
        count = len(self.line)
        if count:
            write_ipc(path, self._table(patient_ids))
        return count

    def _table(self, patient_ids: Sequence[str]) -> pa.Table:
        dictionary, ranks = ranked(np.frombuffer(self.patient, dtype=np.int32), patient_ids)
        order = np.argsort(ranks, kind="stable")
        at = np.frombuffer(self.at, dtype=np.int64)[order]
        first, last = _days(np.frombuffer(self.span, dtype=np.int64)[order], at)
        value = np.frombuffer(self.value, dtype=np.float64)[order]
        ids = self._resource_ids.column() if len(self._resource_ids) else pa.nulls(order.size, pa.string())
        return pa.table(
            {
                "patient_id": pa.DictionaryArray.from_arrays(pa.array(ranks[order]), dictionary),
                "resource_id": ids.take(pa.array(order)),
                "shape": pa.array(np.frombuffer(self.shape, dtype=np.int32)[order]),
                "start_date": first,
                "end_date": last,
                "at": pa.array(at, mask=at == NONE).view(INSTANT),
                "value": pa.array(value, mask=np.isnan(value)),
                "seq": pa.array(np.frombuffer(self.line, dtype=np.int64)[order] + self._first_seq),
            }
        )


def _adder(rows: ClinicalRows) -> AddRow:
    add_patient, add_id, add_shape = rows.patient.append, rows.resource_id.append, rows.shape.append
    add_span, add_at, add_value, add_line = rows.span.append, rows.at.append, rows.value.append, rows.line.append

    def add(
        patient: int,
        resource_id: str | None,
        shape: int,
        span: int | None,
        at: int | None,
        value: float | None,
        line: int,
    ) -> None:
        add_patient(patient)
        if resource_id is not None:
            add_id(resource_id)
        add_shape(shape)
        add_span(NONE if span is None else span)
        add_at(NONE if at is None else at)
        add_value(NO_VALUE if value is None else value)
        add_line(line)

    return add


def ranked(numbers: npt.NDArray[np.int32], patient_ids: Sequence[str]) -> tuple[pa.StringArray, npt.NDArray[np.int32]]:
    """The ids of patients in order, and for the numbers of some rows the places of their ids in it."""
    by_id = sorted(range(len(patient_ids)), key=patient_ids.__getitem__)
    rank = np.empty(len(by_id), dtype=np.int32)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    return pa.array([patient_ids[number] for number in by_id], pa.string()), rank[numbers]


def _days(spans: npt.NDArray[np.int64], instants: npt.NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
    """First and last days of spans; where a row has an instant instead, its London day is both."""
    first = spans >> SPAN_BITS
    last = first + (spans & ((1 << SPAN_BITS) - 1))
    timed = instants != NONE
    first[timed] = last[timed] = london_days(instants[timed])
    undated = ~timed & (spans == NONE)
    return tuple(
        pa.array(np.where(undated, 0, days).astype(np.int32), mask=undated).view(pa.date32()) for days in (first, last)
    )
