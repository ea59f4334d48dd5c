"""What each practice knows of its own people, from the exact counts of an evaluation."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from hi_fhir.attack.counts import Counts
from hi_fhir.attack.told import Ints, Name
from hi_fhir.attack.true_counts import distinct_rows


class OwnCounts(NamedTuple):
    """Of one practice (ODS code): places of counts of its own people, and how many these are."""

    practice: str
    place: Ints
    value: Ints


def own_counts(table: pa.Table, counts: Counts, reports: Collection[int]) -> Iterator[OwnCounts]:
    """Of every practice that has reports. table: COUNTS of the evaluation that `reports`, by their places, are of."""
    of: dict[tuple[str, str], list[int]] = {}
    for report in reports:
        told = counts.reports[report]
        of.setdefault((told.reporter, told.measure.rpartition("/")[2]), []).append(report)
    names, of_row = distinct_rows(table, ["stratifier", "stratum", "population"])
    name = np.array([counts.places.get(Name(*one), -1) for one in names], dtype=np.int32)[of_row]
    owners, of_row = distinct_rows(table, ["practice_id", "measure_id"])
    rows = np.split(np.argsort(of_row, kind="stable"), np.cumsum(np.bincount(of_row, minlength=len(owners)))[:-1])
    value = table["count"].to_numpy().astype(np.int32)
    found: dict[str, list[tuple[Ints, Ints]]] = {}
    for (practice, measure), own in zip(owners, rows, strict=True):
        for report in of.get((practice, measure), ()):
            there = own[(name[own] >= 0) & counts.grid[report, name[own]]]
            found.setdefault(practice, []).append((report * len(counts.names) + name[there], value[there]))
    for practice, parts in sorted(found.items()):
        places, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        yield OwnCounts(practice, places.astype(np.int32), values)
