"""How far each source could be understood, so that what was not there is told and never counted as 0.

Rule `absence`, version 2 (docs/explanation/rules.md); what it costs a measure is in `measures.absence`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.reconcile import Reconciliation

if TYPE_CHECKING:  # the kernel and its engine, which nobody needs who reads what a standing is
    from hi_fhir.tables.snapshot import SnapshotManifest

VERSION = "2"


class TypeState(StrEnum):
    """What became of a type of a source: the reason, where populations are withheld for it."""

    UNDERSTOOD = "understood"
    NOT_UNDERSTOOD = "none-understood"
    OVER_LIMIT = "over-limit"
    NOT_OFFERED = "not-offered"
    NOTHING = "nothing-received"


REASONS = (TypeState.NOT_UNDERSTOOD, TypeState.OVER_LIMIT, TypeState.NOT_OFFERED, TypeState.NOTHING)
"""Why a population may not be told, the gravest first."""
WHY_WITHHELD = {
    TypeState.NOT_UNDERSTOOD: "no {type} of {source} could be understood",
    TypeState.OVER_LIMIT: "more {type} of {source} than the limit allows could not be read",
    TypeState.NOT_OFFERED: "{type} of {source} is not offered",
    TypeState.NOTHING: "no {type} of {source} came with a code that the measures read",
}
"""The same as the beginning of a sentence."""

_EVERYWHERE = frozenset({"Patient", *CLINICAL_TABLES})  # that a source has no other is nothing to tell
_UNTYPED = "Resource"  # lines that do not tell their type


class Standing(msgspec.Struct, frozen=True):
    """How far a type of a source was understood. told: why it is not offered, in words."""

    source: str
    type: str
    standing: TypeState
    told: str | None = None

    def __str__(self) -> str:
        return f"{self.source}: {_WORDS[self.standing].format(type=self.type)}{f' ({self.told})' if self.told else ''}"


_WORDS = {
    TypeState.UNDERSTOOD: "{type} was understood",
    TypeState.NOT_OFFERED: "{type} is not offered, so what stands in it alone is not known",
    TypeState.NOT_UNDERSTOOD: "no {type} that was received could be understood",
    TypeState.OVER_LIMIT: "more {type} than the limit allows could not be read",
    TypeState.NOTHING: "no {type} was received: a zero counted from it may be the source's silence",
}


class Absence(msgspec.Struct, frozen=True):
    """What of a measure may not be told, and because of which type of which source: populations, or strata.

    practices: whose people the source has. stratifier: whose strata they are, with all their populations.
    """

    measure_id: str
    source: str
    type: str
    standing: TypeState
    populations: tuple[str, ...]
    practices: tuple[str, ...]
    stratifier: str | None = None
    strata: tuple[str, ...] = ()


def standings(manifest: "SnapshotManifest", orphans: Mapping[str, int], limit: float) -> list[Standing]:
    """The standing of each type in a snapshot's scope, in order.

    orphans: rows by table whose patient is not among the patients. limit: the share of a type's records, of those that
    were asked for, that may be lost.
    """
    untyped = _lost(manifest, _UNTYPED)
    kept = sum(terms.kept for terms in manifest.reconciliation.values())
    all_doubtful = untyped > limit * (untyped + kept)
    found = []
    for type_ in sorted(manifest.scope.types):
        told = manifest.not_offered.get(type_)
        standing = TypeState.NOT_OFFERED if told is not None else _standing(manifest, type_, orphans, limit)
        if standing == TypeState.UNDERSTOOD and all_doubtful:
            standing = TypeState.OVER_LIMIT
        found.append(Standing(manifest.source_id, type_, standing, told))
    return found


def _standing(manifest: "SnapshotManifest", type_: str, orphans: Mapping[str, int], limit: float) -> TypeState:
    kept, lost = manifest.reconciliation.get(type_, Reconciliation()).kept, _lost(manifest, type_)
    table = CLINICAL_TABLES.get(type_, "")
    of_nobody = orphans.get(table, 0)
    if kept + lost == 0:
        return TypeState.NOTHING if type_ in _EVERYWHERE else TypeState.UNDERSTOOD
    if kept == 0 or (of_nobody and of_nobody == manifest.rows.get(table, 0)):
        return TypeState.NOT_UNDERSTOOD
    return TypeState.OVER_LIMIT if lost > limit * (kept + lost) else TypeState.UNDERSTOOD


def _lost(manifest: "SnapshotManifest", type_: str) -> int:
    return sum(manifest.lost.get(type_, {}).values())
