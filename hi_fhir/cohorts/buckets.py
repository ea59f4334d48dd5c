"""The events of some buckets of people, wherever their patients' rows lie."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import ibis

from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.engine.protocol import Engine
from hi_fhir.tables.schema import BUCKETS, CLINICAL, LINK

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
    """Reads clinical tables with each row's person_id, range of buckets by range of buckets."""

    def __init__(self, engine: Engine, snapshots: Sequence[Path], evaluation: Path) -> None:
        self._engine = engine
        self._snapshots = tuple(snapshots)
        self._link = engine.keep("link", read_link(engine, evaluation))
        self._others = self._link.filter(self._link.person_id.notnull())
        self._has_others = bool(engine.count(self._others))
        self._moved: dict[str, ibis.Table] = {}

    def events(self, table: str, buckets: str) -> ibis.Table:
        """Rows of `table` (of CLINICAL's columns) with person_id, for the people of `buckets`.

        Not worked out: each place of a query that reads it reads just the columns and rows that it needs.
        """
        rows = read_table(self._engine, self._snapshots, table, buckets, f"bucket_{table}").select(_COLUMNS)
        rows = rows.anti_join(self._link, "patient_id")
        rows = rows.mutate(person_id=rows.patient_id)
        if self._has_others:
            moved = self._moved_rows(table)
            rows = rows.union(moved.filter(moved.person_id.substr(0, 1).isin(list(buckets))))
        return rows

    def _moved_rows(self, table: str) -> ibis.Table:
        """Rows of `table` of patients who are another person, wherever they lie, looked for once."""
        if table not in self._moved:
            rows = read_table(self._engine, self._snapshots, table, name=f"every_{table}").select(_COLUMNS)
            self._moved[table] = self._engine.set_aside(f"moved_{table}", rows.join(self._others, "patient_id"))
        return self._moved[table]


def read_link(engine: Engine, evaluation: Path) -> ibis.Table:
    """LINK of an evaluation whose people are resolved."""
    return engine.read("every_link", [evaluation / LINK_FILE], LINK)
