"""The keys that a snapshot keeps: which version of each resource stands, for the snapshot that comes after it."""

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.files import sha256_file
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables.identity import load_key
from hi_fhir.tables.schema import KEY
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import SnapshotManifest
from hi_fhir.tables.views.elements import VersionState
from tests.support.fhir_records import an_observation
from tests.support.landing import SOURCE, config_in, land

OLD, NEW = "2025-03-01T10:00:00Z", "2025-03-02T10:00:00Z"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def version(id_: str, updated: str | None, number: str, code: str = "60621009", **fields: Any) -> dict[str, Any]:
    meta = {"versionId": number} | ({"lastUpdated": updated} if updated else {})
    return an_observation(id_, code, meta=meta, **fields)


def deletion(*urls: str, at: str = NEW) -> dict[str, Any]:
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "transaction", "timestamp": at, "entry": entries}


def made(config: Config, chunks: dict[str, Any], **landing: Any) -> SnapshotManifest:
    return flatten(RunContext(config), SOURCE, land(config, chunks, **landing))


def keys(config: Config, manifest: SnapshotManifest, type_: str = "Observation") -> list[tuple[Any, ...]]:
    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id
    path = folder / "keys" / f"{type_}.parquet"
    assert manifest.keys[type_] == sha256_file(path)
    assert pq.read_schema(path).equals(KEY)
    return [
        (row["id"], row["updated"] and row["updated"].isoformat(), row["version"], row["state"], row["misdated"])
        for row in pq.read_table(path).to_pylist()
    ]


def test_the_version_that_stands_is_kept_in_order_of_id(config: Config) -> None:
    lines = [version("o2", OLD, "1"), version("o1", None, "7"), version("o2", NEW, "2")]

    assert keys(config, made(config, {"Observation/0": lines})) == [
        ("o1", None, "7", VersionState.KEPT, False),
        ("o2", "2025-03-02T10:00:00+00:00", "2", VersionState.KEPT, False),
    ]


def test_what_is_gone_leaves_a_key_and_what_nobody_asked_for_leaves_none(config: Config) -> None:
    lines = [
        version("o1", OLD, "1"),
        version("o2", OLD, "1", status="entered-in-error"),
        version("o4", OLD, "1", "x"),
        version("o5", OLD, "1", "x", status="entered-in-error"),
    ]
    chunks = {"Observation/0": lines, "_deleted/0": [deletion("Observation/o1", "Observation/o3")]}
    scope = Scope(types={"Observation": ("http://snomed.info/sct|60621009",)})

    assert [(row[0], row[3]) for row in keys(config, made(config, chunks, scope=scope))] == [
        ("o1", VersionState.TOMBSTONE),
        ("o2", VersionState.DELETED),
        ("o3", VersionState.TOMBSTONE),
    ]


def test_patients_are_known_by_their_keyed_hashes_also_where_they_are_gone(config: Config) -> None:
    patients = [{"resourceType": "Patient", "id": "p1"}]
    manifest = made(config, {"Patient/0": patients, "_deleted/0": [deletion("Patient/p2")]})

    key = load_key(config.key_file)
    wanted = {
        key.patient_id(SOURCE.name, id_): state
        for id_, state in (("p1", VersionState.KEPT), ("p2", VersionState.TOMBSTONE))
    }
    assert {row[0]: row[3] for row in keys(config, manifest, "Patient")} == wanted


def test_a_stamp_that_cannot_be_is_no_stamp_and_is_told_of_the_resource(config: Config) -> None:
    lines = [version("o1", "2099-01-01T00:00:00Z", "2"), version("o1", OLD, "1"), version("o2", OLD, "1")]

    assert keys(config, made(config, {"Observation/0": lines}, received_date="2025-04-10")) == [
        ("o1", None, "2", VersionState.KEPT, True),
        ("o2", "2025-03-01T10:00:00+00:00", "1", VersionState.KEPT, False),
    ]


def test_the_same_content_gives_the_same_keys_in_any_order_of_lines_and_with_copies(config: Config) -> None:
    lines = [version(f"o{number}", OLD, str(number % 3)) for number in range(50)]
    once = made(config, {"Observation/0": lines}, pull="once")
    shuffled = random.Random(1).sample([*lines, *lines[:20]], 70)
    again = made(config, {"Observation/0": shuffled[:30], "Observation/1": shuffled[30:]}, pull="again")

    assert len(keys(config, once)) == 50
    assert once.keys == again.keys


def test_an_episode_of_care_is_found_again_by_its_id(config: Config) -> None:
    episode = {"resourceType": "EpisodeOfCare", "id": "e1", "status": "active", "patient": {"reference": "Patient/p1"}}
    manifest = made(config, {"EpisodeOfCare/0": [episode]})

    folder = config.data_dir / "sources" / SOURCE.name / "snapshots" / manifest.id / "registration"
    rows = [row for file in folder.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert [row["resource_id"] for row in rows] == [key[0] for key in keys(config, manifest, "EpisodeOfCare")] == ["e1"]
