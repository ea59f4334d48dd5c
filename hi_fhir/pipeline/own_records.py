"""What became of a practice's own records, counted, for that practice alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hi_fhir.core.errors import ManifestError
from hi_fhir.measures.evaluation import EvaluationManifest, SnapshotReference, read_evaluation
from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.snapshot import read_snapshot


class QuarantinedRecords(NamedTuple):
    """Of a type and for a reason."""

    type: str
    why: str
    records: int


class SourceRecords(NamedTuple):
    """One source of a run. reconciled: by type, in order."""

    source: str
    reconciled: tuple[tuple[str, Reconciliation], ...]
    quarantined: tuple[QuarantinedRecords, ...]


def own_records(data_dir: Path, evaluation: str, practice: str) -> tuple[SourceRecords, ...]:
    """Exact, where every source of the run that the evaluation is of is declared to be this practice's own.

    Else none: the practice is told of the whole run what was lost, masked and rounded, and by taking its own from that
    it would have what other practices lost. None either where the evaluation or a snapshot is not there any more, or is
    of a format that is not read.
    """
    try:
        manifest = read_evaluation(data_dir / "evaluations" / evaluation)
        owners = {_owner(data_dir, one) for one in manifest.snapshots}
    except (FileNotFoundError, ManifestError):
        return ()
    return tuple(_of_sources(manifest)) if owners == {practice} else ()


def _owner(data_dir: Path, snapshot: SnapshotReference) -> str | None:
    """The practice whose own a source is declared to be."""
    return read_snapshot(data_dir / "sources" / snapshot.source_id / "snapshots" / snapshot.id).practice


def _of_sources(manifest: EvaluationManifest) -> Sequence[SourceRecords]:
    return [
        SourceRecords(
            source,
            tuple(sorted(types.items())),
            tuple(
                QuarantinedRecords(type_, why, records)
                for type_, kinds in sorted(manifest.quarantine.get(source, {}).items())
                for why, records in sorted(kinds.items())
            ),
        )
        for source, types in sorted(manifest.reconciliation.items())
    ]
