"""Observations of a few people, and what a flatten makes of them."""

import random
from typing import Any

import pyarrow.parquet as pq

from hi_fhir.core.config import Config
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.snapshot import SnapshotManifest
from tests.support.landing import SOURCE, land

SCT = "http://snomed.info/sct"


def an_observation(id_: str, *, of: str = "Patient/p1", code: Any = "60621009", **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": code if isinstance(code, dict) else {"coding": [{"system": SCT, "code": code}]},
        "subject": {"reference": of},
        "effectiveDateTime": "2024-05-03",
        **changes,
    }


def version(number: int, updated: str = "2025-03-01T10:00:00Z") -> dict[str, str]:
    return {"versionId": str(number), "lastUpdated": updated}


def flat(config: Config, chunks: dict[str, Any], **landing: Any) -> SnapshotManifest:
    return flatten(RunContext(config), SOURCE, land(config, chunks, **landing))


def rows(config: Config, manifest: SnapshotManifest, table: str) -> list[dict[str, Any]]:
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / table
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def terms(manifest: SnapshotManifest, type_: str = "Observation") -> dict[str, int]:
    found = manifest.reconciliation[type_]
    return {name: getattr(found, name) for name in found.__struct_fields__ if getattr(found, name)}


def a_world(count: int) -> list[dict[str, Any]]:
    random_ = random.Random(7)
    world: list[dict[str, Any]] = []
    for number in range(count):
        reading = an_observation(
            f"o{number}", of=f"Patient/p{number % 40}", meta=version(1), effectiveDateTime="2024-05-03T10:15:00Z"
        )
        reading["component"] = [
            {"code": {"coding": [{"system": SCT, "code": "271649006"}]}, "valueQuantity": {"value": number % 90}}
        ]
        world.append(reading)
        if random_.random() < 0.1:
            world.append({**reading, "meta": version(2), "status": random_.choice(["amended", "entered-in-error"])})
    return world
