"""Exact counts of each reporter: sums over its practices, before anything is masked, that add up or stop the run."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hi_fhir.core.errors import GateError
from hi_fhir.disclosure.counts import Group
from hi_fhir.measures.stratifiers import ALL, PCN, PRACTICE


def reporter_counts(counts: pa.Table, reporters: Mapping[str, Collection[str]]) -> dict[Group, dict[str, int]]:
    """People by population of each measure, reporter and stratum.

    counts: COUNTS of the evaluation. reporters: ODS code to those of its practices. A reporter is broken down by
    practice or PCN only where it has several.

    Raises:
        GateError: the strata of a stratifier do not add up to the whole.
    """
    found: dict[Group, dict[str, int]] = {}
    for measure_id in pc.unique(counts["measure_id"]).to_pylist():
        own = _Counts.of(counts.filter(pc.equal(counts["measure_id"], measure_id)))
        for reporter, practices in reporters.items():
            for (stratifier, stratum), people in own.summed(measure_id, reporter, practices):
                found[Group(measure_id, reporter, stratifier, stratum)] = people
    return found


class _Counts(NamedTuple):
    """The counts of one measure. people: by practice, stratum of `strata` and population.

    practices: each with its place. strata: those of a stratifier stand together. first: the place of the first of each.
    """

    practices: dict[str, int]
    strata: list[tuple[str, str]]
    first: dict[str, int]
    populations: list[str]
    people: npt.NDArray[np.int64]
    is_there: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, counts: pa.Table) -> "_Counts":
        practices, practice = _coded(counts["practice_id"])
        populations, population = _coded(counts["population"])
        stratifiers, stratifier = _coded(counts["stratifier"])
        names, name = _coded(counts["stratum"])
        both, stratum = np.unique(stratifier * len(names) + name, return_inverse=True)
        strata = [(stratifiers[one // len(names)], names[one % len(names)]) for one in both.tolist()]
        people = np.zeros((len(practices), len(strata), len(populations)), dtype=np.int64)
        people[practice, stratum, population] = counts["count"].to_numpy()
        is_there = np.zeros(people.shape[:2], dtype=np.bool_)
        is_there[practice, stratum] = True
        first: dict[str, int] = {}
        for place, (one, _) in enumerate(strata):
            first.setdefault(one, place)
        places = {one: place for place, one in enumerate(practices)}
        return cls(places, strata, first, populations, people, is_there)

    def summed(
        self, measure_id: str, reporter: str, practices: Collection[str]
    ) -> Iterator[tuple[tuple[str, str], dict[str, int]]]:
        """People by population for each stratum that the practices have, where they are a reporter's."""
        own = [self.practices[practice] for practice in practices if practice in self.practices]
        sums, is_there = self.people[own].sum(axis=0), self.is_there[own].any(axis=0)
        first = list(self.first.values())
        wholes, strata = np.add.reduceat(sums, first), np.add.reduceat(is_there, first, dtype=np.int64)
        is_wrong = (wholes != sums[self.first[ALL]]).any(axis=1) & (strata > 0)
        if is_wrong.any():
            wrong = list(self.first)[int(is_wrong.argmax())]
            raise GateError(
                f"measure {measure_id}, reporter {reporter}: the strata of {wrong} do not add up to the "
                "whole. Nothing is released; this is a fault of hi_fhir, please report it."
            )
        given = dict(zip(self.first, strata.tolist(), strict=True))
        rows = sums.tolist()
        for place in np.flatnonzero(is_there).tolist():
            stratum = self.strata[place]
            if stratum[0] not in (PRACTICE, PCN) or given[stratum[0]] > 1:
                yield stratum, dict(zip(self.populations, rows[place], strict=True))


def _coded(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct values of a column in order of first appearance, and the place among them of each row's."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)
