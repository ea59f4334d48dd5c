"""What a pull landed, and a way to kill one between two instructions."""

from pathlib import Path
from typing import Any

import pytest
import zstandard

from hi_fhir.core.config import Config
from hi_fhir.sources.chunks import Lane
from hi_fhir.sources.pulls import PullManifest


def landed_folder(config: Config, manifest: PullManifest) -> Path:
    return config.data_dir / "sources" / manifest.source_id / "raw" / manifest.id


def chunk_lines(path: Path) -> list[bytes]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        return [line + b"\n" for line in stream.read().split(b"\n")[:-1]]


def landed_lines(config: Config, manifest: PullManifest) -> dict[str, list[bytes]]:
    """The lines of each type, sorted: their order within a pull is nobody's business."""
    found: dict[str, list[bytes]] = {}
    for chunk in manifest.chunks:
        lines = chunk_lines(landed_folder(config, manifest) / chunk.type / f"{chunk.name}.ndjson.zst")
        assert len(lines) == chunk.lines
        assert sum(map(len, lines)) == chunk.bytes
        found.setdefault(chunk.type, []).extend(lines)
    return {type_: sorted(lines) for type_, lines in found.items()}


class KilledError(BaseException):
    """Stands for a process that ends between two instructions."""


def kill_after(monkeypatch: pytest.MonkeyPatch, method: str, number: int) -> None:
    """The `number`th call of a method of Lane does its work, and is the last thing that happens."""
    original, calls = getattr(Lane, method), [0]

    def counted(lane: Lane, *arguments: Any, **named: Any) -> None:
        original(lane, *arguments, **named)
        calls[0] += 1
        if calls[0] == number:
            raise KilledError

    monkeypatch.setattr(Lane, method, counted)
