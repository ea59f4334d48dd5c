"""Files of FHIR as others leave them in a folder, and what a pull lands of them."""

import zipfile
from pathlib import Path
from typing import Any

import orjson

from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.pull import pull
from hi_fhir.sources.pulls import PullManifest
from hi_fhir.tables.scope import Scope
from tests.support.landing import WHOLE
from tests.support.pulling import landed_lines

Content = dict[str, Any]


def pull_folder(config: Config, folder: Path, *, sequence: int = 1, scope: Scope = WHOLE) -> PullManifest:
    source = SourceSettings(name="elm", address=str(folder))
    return pull(RunContext(config), source, scope, None, sequence)


def a_patient(id_: str, **more: Any) -> Content:
    return {"resourceType": "Patient", "id": id_, "meta": {"lastUpdated": "2025-04-01T00:00:00Z"}, **more}


def a_condition(id_: str, subject: str) -> Content:
    return {"resourceType": "Condition", "id": id_, "subject": {"reference": subject}}


def a_bundle(*resources: Content) -> Content:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": one} for one in resources]}


def spread(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def line(content: Any) -> bytes:
    return orjson.dumps(content) + b"\n"


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def landed_ids(config: Config, manifest: PullManifest) -> dict[str, list[str]]:
    lines = landed_lines(config, manifest)
    return {type_: sorted(orjson.loads(line)["id"] for line in found) for type_, found in lines.items()}


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    path = Path("x.zip")
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path.read_bytes()
