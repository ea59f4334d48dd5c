"""That nothing is lost between what arrived and what the tables hold: each term counted where it happens."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hi_fhir.core.errors import GateError

_RENAMED = {"not_asked_for": "out_of_scope"}


class Reconciliation(msgspec.Struct, frozen=True):
    """carried + received = kept + superseded + deleted + out_of_scope + quarantined, for one type and source.

    out_of_scope: records that nobody asked for.
    """

    carried: int = 0
    received: int = 0
    kept: int = 0
    superseded: int = 0
    deleted: int = 0
    out_of_scope: int = 0
    quarantined: int = 0

    @property
    def holds(self) -> bool:
        left = self.kept + self.superseded + self.deleted + self.out_of_scope + self.quarantined
        return self.carried + self.received == left


def reconcile(terms: Mapping[str, Mapping[str, int]], source: str, asked: Iterable[str]) -> dict[str, Reconciliation]:
    """The terms (term to type to count) by type: of each that something came of, and of those that were asked for.

    Raises:
        GateError: for some type the two sides differ.
    """
    came = {type_ for counts in terms.values() for type_, count in counts.items() if count}
    types = sorted(came.union(asked))
    found = {type_: Reconciliation(**{term: counts.get(type_, 0) for term, counts in terms.items()}) for type_ in types}
    wrong = {type_: counts for type_, counts in found.items() if not counts.holds}
    if wrong:
        lines = [f"{type_}: {msgspec.to_builtins(counts)}" for type_, counts in wrong.items()]
        raise GateError(f"source {source}: what arrived is not what the tables account for. {'; '.join(lines)}.")
    return found


def with_current_terms(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest of before as one of now, in which records out of scope are no longer called not_asked_for."""
    return {**manifest, "reconciliation": _with_current_terms(manifest["reconciliation"])}


def _with_current_terms(counts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _RENAMED.get(key, key): _with_current_terms(value) if isinstance(value, Mapping) else value
        for key, value in counts.items()
    }


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum by key of several counts, some of which may be below zero."""
    sums: dict[str, int] = {}
    for part in counts:
        for key, count in part.items():
            sums[key] = sums.get(key, 0) + count
    return sums
