"""The events of some buckets of people, wherever their patients' rows lie."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.files import read_parquet
from hi_fhir.engine.relations import keep, stage
from hi_fhir.tables.schema import BUCKETS, CLINICAL

_COLUMNS = list(CLINICAL.names)


def ranges(people: int, at_once: int) -> Iterator[str]:
    """Consecutive buckets that hold about `at_once` people or fewer, at least one bucket each.

    A pass over a range costs as much to plan as one over a bucket; memory does not grow with the number of people.
    """
    parts = 1
    while people > at_once * parts and parts < len(BUCKETS):
        parts *= 2
    size = len(BUCKETS) // parts
    return (BUCKETS[start : start + size] for start in range(0, len(BUCKETS), size))


class BucketReader:
    """Reads clinical tables with each row's person_id, range of buckets by range of buckets.

    The expressions of a table are the same for every range (a view of a constant name stands behind them), so a
    caller may compile one once and run its SQL again after each call of `events`; an expression reads the buckets of
    the latest call for its table.
    """

    def __init__(self, backend: Backend, snapshots: Sequence[Path], evaluation: Path) -> None:
        self._backend = backend
        self._snapshots = tuple(snapshots)
        self._link = keep(backend, "link", read_link(backend, evaluation))
        self._others = self._link.filter(self._link.person_id.notnull())
        self._has_others = bool(self._others.count().execute())
        self._events: dict[str, ibis.Table] = {}
        self._at: str | None = None

    def events(self, table: str, buckets: str) -> ibis.Table:
        """Rows of `table` (of CLINICAL's columns) with person_id, for the people of `buckets`.

        A view: each place of a query that reads it reads just the columns and rows that it needs.
        """
        rows = read_table(self._backend, self._snapshots, table, buckets, f"bucket_{table}").select(_COLUMNS)
        at = self._turn_to(buckets)
        if table not in self._events:
            rows = rows.anti_join(self._link, "patient_id")
            rows = rows.mutate(person_id=rows.patient_id)
            if self._has_others:
                moved = self._moved_rows(table)
                rows = rows.union(moved.semi_join(at, moved.person_id.substr(0, 1) == at.bucket))
            self._events[table] = stage(self._backend, f"person_{table}", rows)
        return self._events[table]

    def _turn_to(self, buckets: str) -> ibis.Table:
        """The buckets as a table of a constant name. Column: bucket."""
        if buckets != self._at:
            keep(self._backend, "bucket_at", pa.table({"bucket": list(buckets)}))
            self._at = buckets
        return self._backend.table("bucket_at")

    def _moved_rows(self, table: str) -> ibis.Table:
        """Rows of `table` of patients who are another person, wherever they lie."""
        rows = read_table(self._backend, self._snapshots, table, name=f"every_{table}").select(_COLUMNS)
        return keep(self._backend, f"moved_{table}", rows.join(self._others, "patient_id"))


def read_link(backend: Backend, evaluation: Path) -> ibis.Table:
    """LINK of an evaluation whose people are resolved."""
    return read_parquet(backend, [evaluation / LINK_FILE], "every_link")
