"""The manifest of a source's tables as of one pull: everything that later steps may rely on without opening a table."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hi_fhir.core.files import content_name
from hi_fhir.core.manifests import Format
from hi_fhir.tables.flatten import KERNEL_VERSION
from hi_fhir.tables.reconcile import Reconciliation, with_current_terms
from hi_fhir.tables.schema import SCHEMA_VERSION
from hi_fhir.tables.scope import Scope
from hi_fhir.terminology.answers import Answers
from hi_fhir.terminology.code_systems import CodeSystems

MANIFEST = "snapshot.json"


class PullReference(msgspec.Struct, frozen=True):
    """A pull that the snapshot was made from."""

    id: str
    method: str
    received: dict[str, int]  # landed or not, by type: of a line that of its chunk


class SnapshotManifest(msgspec.Struct, frozen=True):
    """What one snapshot holds.

    tables: path within the snapshot to the SHA-256 of the file. keys: the same of `keys/<Type>.parquet` by type; empty
    in a snapshot before schema version 8, which cannot be the parent of another. dated_by: rows of each clinical table
    by what dated them (effective, issued, impossible or undated). quarantine: type to kind to records.

    not_offered: types in the scope that the source did not give, with the reason in words: what they hold is not known,
    and not nothing. lost: type to kind to records of which no copy could be taken. other_servers: references to
    resources of other servers, by host and type. foreign_codes: type to code system ("" for none) to records, copies
    among them, that were not asked for and have no code of a system that was; a search never brings them.

    negated: rows of each clinical table by what they say against their code (denied, none or absent), without zeros.
    classes: encounters by what their class is, as `tables.classes` tells it; empty where there are none.
    misdated: versions by type that say that they were last updated after the day on which they were received.
    """

    id: str
    source_id: str
    schema_version: int
    kernel_version: int
    key_id: str
    parents: tuple[str, ...]
    pulls: tuple[PullReference, ...]
    data_date: str
    scope: Scope
    practice: str | None
    tables: dict[str, str]
    rows: dict[str, int]
    reconciliation: dict[str, Reconciliation]
    quarantine: dict[str, dict[str, int]]
    dated_by: dict[str, dict[str, int]]
    not_offered: dict[str, str]
    lost: dict[str, dict[str, int]]
    other_servers: dict[str, dict[str, int]] = {}
    foreign_codes: dict[str, dict[str, int]] = {}
    negated: dict[str, dict[str, int]] = {}
    misdated: dict[str, int] = {}
    classes: dict[str, int] = {}
    keys: dict[str, str] = {}


FLATTEN_AGAIN = "Run: hi-fhir flatten, where the pull's lines were kept (--keep-raw), else pull again."
FORMAT = Format(
    "snapshot",
    SnapshotManifest,
    4,
    FLATTEN_AGAIN,
    {
        2: lambda content: {"not_offered": {}, **content, "lost": content.get("quarantine", {})},  # lines, not records
        3: with_current_terms,
    },
)


def snapshot_name(
    pull: str,
    data_date: str | None,
    practice: str | None,
    key_id: str,
    line_limit: int,
    bases: Sequence[str],
    answers: Answers,
    systems: CodeSystems,
) -> str:
    """The id of the snapshot that these inputs give."""
    return content_name(
        {
            "parents": [],
            "pulls": [pull],
            "kernel": [KERNEL_VERSION, SCHEMA_VERSION],
            "data_date": data_date,
            "practice": practice,
            "key_id": key_id,
            "line_limit": line_limit,
            "bases": bases,
            "answers": {str(answer): kind for answer, kind in answers.kinds.items()},
            "systems": sorted(systems.aliases.items()),
        }
    )


def read_snapshot(folder: Path) -> SnapshotManifest:
    """The manifest of a finished snapshot."""
    return FORMAT.read(folder / MANIFEST)
