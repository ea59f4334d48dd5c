"""Rows of statistics that were worked out before, by the ids of their reports' rows in the store, which never change.

Who may have them, which reports hold and which were withdrawn is asked of the store each time: nothing of it is here.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from hi_fhir.reports.derived.breaks import KeptBasis, kept_basis
from hi_fhir.reports.derived.table import Row
from hi_fhir.reports.heads import report_head
from hi_fhir.store.current import report_contents

V = TypeVar("V")

_ROWS = 150_000  # some 60 MB
_BASES = 4_096


class LatestUsed(Generic[V]):
    """What was asked for last, up to a size; for threads. Values are never changed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._held: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._turn = Lock()

    def get(self, key: Hashable) -> V | None:
        with self._turn:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: V, size: int = 1) -> None:
        """What was used longest ago goes."""
        with self._turn:
            if key in self._held:
                return
            self._held[key] = value, size
            self._size += size
            while self._size > self._most and len(self._held) > 1:
                _, (_, gone) = self._held.popitem(last=False)
                self._size -= gone


class KeptStatistics:
    """Of one store and one set of definitions."""

    def __init__(self) -> None:
        self.rows: LatestUsed[Sequence[Row]] = LatestUsed(_ROWS)
        self._bases: LatestUsed[KeptBasis] = LatestUsed(_BASES)

    def bases(self, session: Session, reports: Iterable[int]) -> dict[int, KeptBasis]:
        """What the numbers of reports rest on, by the ids of their rows."""
        found = {id_: self._bases.get(id_) for id_ in reports}
        new = {
            id_: kept_basis(report_head(content))
            for id_, content in report_contents(session, [id_ for id_, basis in found.items() if basis is None])
        }
        for id_, basis in new.items():
            self._bases.keep(id_, basis)
        return {id_: basis for id_, basis in {**found, **new}.items() if basis is not None}
