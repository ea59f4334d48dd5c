"""Pulling from a real HAPI: every way in gives the same tables, and neither strays nor restarts stop it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.progress import Silent
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.measures import registry
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.tables.snapshot import SnapshotManifest
from hi_fhir.terminology.catalogue import load
from tests.support.crowd import Crowd
from tests.support.hapi import Hapi
from tests.support.strays import stray_resources

pytestmark = pytest.mark.real


def snapshot(server: Hapi, config: Config, progress: Silent | None = None) -> SnapshotManifest:
    """The tables of everything on the server that the shipped measures need."""
    scope = scope_of(config, registry.load(None), load(config.overlays))
    elm = SourceSettings("elm", server.base_url)
    pulled = pull(RunContext(config, progress=progress or Silent()), elm, scope, None, 1)
    return flatten(RunContext(config), elm, pulled.id)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key, so that a person has the same patient_id in every data folder."""
    return tmp_path_factory.mktemp("keys") / "identity.key"


@pytest.fixture(scope="module")
def searched(source: Hapi, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> SnapshotManifest:
    return snapshot(source, Config(data_dir=tmp_path_factory.mktemp("searched"), key_file=keys, workers=1))


def test_search_and_export_give_the_same_tables(
    source: Hapi, keys: Path, searched: SnapshotManifest, tmp_path: Path
) -> None:
    config = Config(data_dir=tmp_path, key_file=keys, workers=1, pull_method="export", export_poll_cap_s=0.5)

    exported = snapshot(source, config)

    assert exported.pulls[0].method == "export"
    assert exported.tables == searched.tables
    assert exported.rows == searched.rows


def test_strays_are_kept_or_quarantined_one_by_one(crowd: Crowd, searched: SnapshotManifest) -> None:
    strays = [stray for stray in stray_resources() if stray["resourceType"] == "Patient"]

    assert searched.rows["patient"] == len(crowd.of("Patient")) + len(strays)
    others = crowd.by_search["Observation"]["quarantined"]
    assert others
    assert searched.quarantine["Observation"] == {"another-server": 1 + others, "no-subject": 1, "missing-field": 1}


@dataclass
class RestartOnce(Silent):
    """Restarts the server, hard, when so many records are there."""

    server: Hapi
    after: int
    records: int = 0
    restarts: int = 0

    def advance(self, amount: int = 1) -> None:
        self.records += amount
        if self.records >= self.after and not self.restarts:
            self.restarts += 1
            self.server.kill()
            self.server.start()


def test_a_restart_of_the_server_in_the_middle_of_a_pull_changes_nothing(
    source: Hapi, keys: Path, searched: SnapshotManifest, tmp_path: Path
) -> None:
    config = Config(data_dir=tmp_path, key_file=keys, workers=1, page_size=20, slices=4, tries=10, timeout_s=20)
    restarting = RestartOnce(source, after=300)

    disturbed = snapshot(source, config, restarting)

    assert restarting.restarts == 1
    assert disturbed.tables == searched.tables


def test_a_server_without_people_gives_empty_tables(target: Hapi, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "data", key_file=tmp_path / "identity.key", workers=1)

    empty = snapshot(target, config)

    assert sum(empty.rows.values()) == 0
    assert all(counts.received == 0 for counts in empty.reconciliation.values())
