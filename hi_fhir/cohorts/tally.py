"""Counts of people that grow as ranges of them are resolved."""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc


@dataclass
class Tally:
    """persons, reasons: all people. practices, conflicts, restricted, ethnicity, deprivation: the registered."""

    persons: int = 0
    conflicts: int = 0
    restricted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    practices: Counter[str] = field(default_factory=Counter)
    ethnicity: Counter[str] = field(default_factory=Counter)
    deprivation: Counter[str] = field(default_factory=Counter)

    def add(self, people: pa.Table) -> None:
        """Count people: PERSON's columns with reason (`registered` for none) and conflict."""
        self.persons += people.num_rows
        self.reasons.update(_counts(people["reason"]))
        registered = people.filter(people["registered"])
        self.conflicts += pc.sum(registered["conflict"]).as_py() or 0
        self.restricted += pc.sum(registered["restricted"]).as_py() or 0
        self.practices.update(_counts(registered["practice_id"]))
        self.ethnicity.update(_counts(registered["ethnicity"]))
        self.deprivation.update(_counts(registered["deprivation"]))


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}
