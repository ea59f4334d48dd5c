"""Counts of people that grow as ranges of them are resolved."""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.cohorts.list_tally import ListTally


@dataclass
class Tally:
    """persons, reasons: all people. The others: the registered.

    homes: each practice of registered people with each source that it has people from. unread: of these by source,
    practice and code system the people whose ethnic category is in a code that no map has.
    lists: where they are compared with published ones.
    """

    persons: int = 0
    conflicts: int = 0
    restricted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    practices: Counter[str] = field(default_factory=Counter)
    ethnicity: Counter[str] = field(default_factory=Counter)
    deprivation: Counter[str] = field(default_factory=Counter)
    homes: set[tuple[str, str]] = field(default_factory=set)
    nhs_number: Counter[str] = field(default_factory=Counter)
    unread: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lists: ListTally | None = None

    def add(self, people: pa.Table) -> None:
        """Count people: PERSON's columns with reason (`registered` for none), conflict, home_source, unread_system."""
        self.persons += people.num_rows
        self.reasons.update(_counts(people["reason"]))
        registered = people.filter(people["registered"])
        self.conflicts += pc.sum(registered["conflict"]).as_py() or 0
        self.restricted += pc.sum(registered["restricted"]).as_py() or 0
        self.practices.update(_counts(registered["practice_id"]))
        self.ethnicity.update(_counts(registered["ethnicity"]))
        self.deprivation.update(_counts(registered["deprivation"]))
        unread = registered.filter(registered["unread_system"].is_valid())
        keys = ("home_source", "practice_id", "unread_system")
        self.unread.update(zip(*(unread[name].to_pylist() for name in keys), strict=True))
        homes = registered.group_by(["practice_id", "home_source"]).aggregate([])
        self.homes.update(zip(homes["practice_id"].to_pylist(), homes["home_source"].to_pylist(), strict=True))
        self.nhs_number.update(_counts(registered["nhs_number"]))
        if self.lists:
            self.lists.add(registered)


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}
