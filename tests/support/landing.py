"""A finished pull on disk without a server: lines in, landed chunks and manifest out."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import zstandard

from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.views.registry import VIEWS

WHOLE = Scope(types=dict.fromkeys(VIEWS))
SOURCE = SourceSettings(name="elm", address="http://example.invalid/fhir")


def config_in(folder: Path, **settings: Any) -> Config:
    """Settings whose data folder and key lie side by side in `folder`."""
    own = {"data_dir": folder / "data", "key_file": folder / "keys" / "identity.key", "workers": 1}
    return Config(**{**own, **settings})


def as_line(resource: Mapping[str, Any] | bytes) -> bytes:
    return resource if isinstance(resource, bytes) else orjson.dumps(resource)


def land(
    config: Config,
    chunks: Mapping[str, Sequence[Mapping[str, Any] | bytes]],
    *,
    pull: str = "pull",
    scope: Scope = WHOLE,
    data_date: str | None = "2025-04-02",
    counts: Mapping[str, Mapping[str, int]] | None = None,
    frames: int = 3,
    received_date: str | None = None,
) -> str:
    """Write `chunks` ("Type/name" to resources or raw lines) as a finished pull of SOURCE; its id.

    counts: what came of each type beside the lines.
    """
    raw = config.data_dir / "sources" / SOURCE.name / "raw" / pull
    came: dict[str, dict[str, int]] = defaultdict(dict, {type_: dict(terms) for type_, terms in (counts or {}).items()})
    receipts = []
    for address, resources in chunks.items():
        type_, name = address.split("/")
        lines = [as_line(resource) + b"\n" for resource in resources]
        (raw / type_).mkdir(parents=True, exist_ok=True)
        pages = [lines[start::frames] for start in range(frames)] if frames > 1 else [lines]
        frame = zstandard.ZstdCompressor()
        content = b"".join(frame.compress(b"".join(page)) for page in pages if page)
        (raw / type_ / f"{name}.ndjson.zst").write_bytes(content)
        size, digest = sum(map(len, lines)), hashlib.sha256(content).hexdigest()
        receipts.append({"type": type_, "name": name, "lines": len(lines), "bytes": size, "sha256": digest})
        came[type_]["received"] = came[type_].get("received", 0) + len(lines)
    manifest = {
        "id": pull,
        "source_id": SOURCE.name,
        "scope": msgspec.to_builtins(scope),
        "method": "folder",
        "data_date": data_date,
        "received_date": received_date,
        "counts": came,
        "server_counts": {},
        "chunks": receipts,
    }
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "pull.json").write_bytes(orjson.dumps(manifest))
    return pull
