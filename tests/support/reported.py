"""An evaluation is released from a store and read back from what was written, in tests of what reports become of it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from hi_fhir.core.clock import FixedClock
from hi_fhir.core.config import Config
from hi_fhir.core.files import read_json
from hi_fhir.measures.evaluation import FORMAT, MANIFEST, EvaluationManifest
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.report import report
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.models import MeasureRow, OrganisationRow, Release, ReportRow
from hi_fhir.store.session import Store

AT, LATER = (FixedClock(datetime(2025, month, 3, tzinfo=UTC)) for month in (4, 5))


def release(
    config: Config, store: Store, evaluation: Path, audience: str = "icb", clock: FixedClock = AT
) -> ReportManifest:
    return report(RunContext(config, clock, opened=store), evaluation, audience, config.data_dir / "runs" / "1")


def rows(store: Store, kind: type[ReportRow] | type[Release] | type[MeasureRow] | type[OrganisationRow]) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


def told(manifest: ReportManifest) -> dict[tuple[str, str], object]:
    """The groups of each report, by measure and reporter."""
    return {(one.measure_id, one.reporter): read_json(Path(one.path))["group"] for one in manifest.reports}


def change_evaluation(evaluation: Path, **changes: object) -> EvaluationManifest:
    manifest = msgspec.json.decode((evaluation / MANIFEST).read_bytes(), type=EvaluationManifest)
    changed = msgspec.structs.replace(manifest, **changes)
    FORMAT.commit(evaluation / MANIFEST, changed)
    return changed
