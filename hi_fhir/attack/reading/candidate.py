"""What would be told by reports that are kept nowhere yet, from their cells."""

from collections.abc import Hashable, Iterable
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np

from hi_fhir.attack.reading.ledger import told_of
from hi_fhir.attack.reading.words import POLICIES, TELLING_TOTALS
from hi_fhir.attack.told import SMALL_NUMBERS, Report, Told
from hi_fhir.store.cell_columns import CellColumns
from hi_fhir.store.cells import Name
from hi_fhir.store.cells import State as Word
from hi_fhir.store.ledger import NewReport

T = TypeVar("T", bound=Hashable)
NOT_KEPT = "candidate"
"""What the source of a report that is not kept ends on, where a kept one has its version."""


class Candidate(NamedTuple):
    """A report that may be kept. practices: those that it covers."""

    report: NewReport
    practices: tuple[str, ...]


def read_candidates(candidates: Iterable[Candidate], policy: str, evaluation: str) -> Told:
    """policy: id of the one by which they were decided. evaluation: that they are of."""
    own = list(candidates)
    names: dict[Name, int] = {}
    words: dict[Word, int] = {}
    cells = [one.report.cells for one in own]
    sizes = [len(one.names) for one in cells]
    name = [_place(names, one) for one in chain.from_iterable(one.names for one in cells)]
    word = [_place(words, one) for own in cells for one in zip(own.states, own.reasons, strict=True)]
    value = [-1 if one is None else one for one in chain.from_iterable(one.values for one in cells)]
    columns = CellColumns(
        list(names),
        list(words),
        np.repeat(np.arange(len(own), dtype=np.int32), sizes),
        np.array(name, dtype=np.int32),
        np.array(word, dtype=np.int32),
        np.array(value, dtype=np.int32),
    )
    return told_of([_report(one, policy, evaluation) for one in own], columns)


def _place(places: dict[T, int], one: T) -> int:
    return places.setdefault(one, len(places))


def _report(candidate: Candidate, policy: str, evaluation: str) -> Report:
    report = candidate.report
    return Report(
        measure=report.measure_url,
        measure_version=report.measure_version,
        period=(report.period_start.isoformat(), report.period_end.isoformat()),
        reference_date=report.as_of.isoformat(),
        extract_date=report.data_date.isoformat(),
        reporter=report.reporter or report.reporter_id,
        practices=candidate.practices,
        rounding=POLICIES.get(policy, SMALL_NUMBERS),
        source=f"{report.identifier}/{NOT_KEPT}",
        edition=evaluation,
        tells_totals=policy in TELLING_TOTALS,
    )
