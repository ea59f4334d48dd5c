"""A search of Observations, pulled and read back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson

from hi_fhir.core.config import Config
from hi_fhir.core.files import read_json
from hi_fhir.core.progress import Progress, Silent
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.sources.searches import TypeSearch
from hi_fhir.tables.scope import Scope
from tests.support.calling import NOW
from tests.support.pulling import landed_folder, landed_lines

DAY = datetime(2025, 1, 1, tzinfo=UTC)
SCT = "http://snomed.info/sct"


def an_observation(number: int, *, updated: datetime | None = None, code: str = "1", **more: Any) -> dict[str, Any]:
    at = updated or DAY + timedelta(seconds=number)
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"lastUpdated": at.isoformat(timespec="milliseconds")},
        "status": "final",
        "code": {"coding": [{"system": SCT, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        **more,
    }


WHOLE = Scope(types={"Observation": None})


def pull_from(
    address: str,
    config: Config,
    scope: Scope = WHOLE,
    *,
    sequence: int = 1,
    progress: Progress | None = None,
    **source: Any,
) -> PullManifest:
    settings = replace(SourceSettings("elm", address), **source)
    return pull(RunContext(config, NOW, progress=progress or Silent()), settings, scope, None, sequence)


def ids(config: Config, manifest: PullManifest) -> list[str]:
    return sorted(orjson.loads(line)["id"] for line in landed_lines(config, manifest).get("Observation", []))


def searches(config: Config, manifest: PullManifest) -> list[TypeSearch]:
    plan = read_json(landed_folder(config, manifest) / "plan.json")["plan"]
    return [msgspec.convert(search, TypeSearch) for search in plan["searches"]]
