"""The events of some buckets of people, wherever their patients' rows lie."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

from hi_fhir.cohorts.snapshots import keep, read_table
from hi_fhir.engine.files import read_parquet
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
        self._link = evaluation / "link"
        self._at: str | None = None
        self._moved_patients = self._read_moved()
        self._moved_events: dict[str, ibis.Table] = {}

    def events(self, table: str, buckets: str) -> ibis.Table:
        """Rows of `table` (of CLINICAL's columns) with person_id, for the people of `buckets`."""
        link = self._turn_to(buckets)
        rows = read_table(self._backend, self._snapshots, table, buckets, f"bucket_{table}").select(_COLUMNS)
        if self._moved_patients is not None:
            rows = rows.union(self._moved(table))
        return rows.join(link, "patient_id")

    def _turn_to(self, buckets: str) -> ibis.Table:
        if buckets == self._at:
            return self._backend.table("bucket_link")
        self._at = buckets
        paths = (self._link / f"{bucket}.parquet" for bucket in buckets)
        return read_parquet(self._backend, paths, "bucket_link")

    def _read_moved(self) -> ibis.Table | None:
        """Patients whose person is in another bucket than they are; None where there are none."""
        paths = (self._link / f"{bucket}.parquet" for bucket in BUCKETS)
        links = read_parquet(self._backend, paths, "every_link")
        moved = links.filter(links.patient_id.substr(0, 1) != links.person_id.substr(0, 1)).select("patient_id")
        kept = keep(self._backend, "moved_patient", moved)
        return kept if int(kept.count().execute()) else None

    def _moved(self, table: str) -> ibis.Table:
        """Their rows of `table`, looked for once."""
        if table not in self._moved_events:
            rows = read_table(self._backend, self._snapshots, table, name=f"every_{table}").select(_COLUMNS)
            found = rows.join(self._moved_patients, "patient_id")
            self._moved_events[table] = keep(self._backend, f"moved_{table}", found)
        return self._moved_events[table]
