"""Whichever way records come, and whatever goes wrong on it, they become the same tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from hi_fhir.core.config import Config
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.measures import registry
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluation_job import scope_of
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.pipeline.pull import pull
from hi_fhir.sandbox import people, render
from hi_fhir.sandbox.faults import parse
from hi_fhir.sandbox.folder import write_folder
from hi_fhir.sandbox.server import serve
from hi_fhir.tables.snapshot import SnapshotManifest
from hi_fhir.terminology.catalogue import load
from tests.support.landing import config_in

DAY = date(2025, 4, 2)
CROWD = people.make_people(40, 7)


def snapshot(config: Config, address: str) -> SnapshotManifest:
    scope = scope_of(config, registry.load(None), load(()))
    source = SourceSettings("elm", address)
    sequence = history.next_sequence(config.data_dir, "elm")
    manifest = pull(RunContext(config), source, scope, DAY, sequence)
    return flatten(RunContext(config), source, manifest.id)


@pytest.fixture(scope="module")
def served() -> list[dict[str, Any]]:
    return list(chain(render.organisation_resources(), *map(render.resources, CROWD)))


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    """Settings of a fresh data folder; all share a key, so that a person has the same patient_id."""
    home = tmp_path_factory.mktemp("keys")

    def make(**settings: Any) -> Config:
        quick = {"page_size": 20, "slices": 4, "retry_after_cap_s": 0.01, "export_poll_cap_s": 0.01}
        config = config_in(tmp_path_factory.mktemp("pull"), **{**quick, **settings})
        return replace(config, key_file=home / "identity.key")

    return make


@pytest.fixture(scope="module")
def by_folder(setting: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> SnapshotManifest:
    folder = tmp_path_factory.mktemp("export")
    write_folder(folder, CROWD, gz=True)
    return snapshot(setting(), str(folder / "fhir"))


PASSING = "429:0.1,503:0.1,truncated-body:0.1,410-mid-search:0.5,duplicate-pages:0.2,expired-links:0.5"


@pytest.mark.parametrize("faults", ["", pytest.param(PASSING, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "method", ["search", *(pytest.param(method, marks=pytest.mark.slow) for method in ("export", "export-patient"))]
)
def test_a_server_gives_the_tables_that_its_folder_gives(
    setting: Callable[..., Config], by_folder: SnapshotManifest, served: list[dict[str, Any]], method: str, faults: str
) -> None:
    with serve(served, port=0, faults=parse(faults) if faults else None, data_date=DAY) as server:
        found = snapshot(setting(pull_method=method), server.base_url)
    assert found.tables == by_folder.tables
    assert found.rows == by_folder.rows
    assert found.data_date == by_folder.data_date == "2025-04-02"
    assert {type_: terms.kept for type_, terms in found.reconciliation.items() if terms.kept} == {
        type_: terms.kept for type_, terms in by_folder.reconciliation.items() if terms.kept
    }


def test_a_pull_is_named_by_what_decides_it(setting: Callable[..., Config], tmp_path: Path) -> None:
    config = setting()
    folder = tmp_path / "export"
    write_folder(folder, people.make_people(1, 1), gz=False)
    first, again = (snapshot(config, str(folder / "fhir")).pulls[0].id for _ in range(2))
    assert first != again
    plans = {path.parent.name for path in config.data_dir.rglob("plan.json")}
    assert plans == {first, again}
    assert history.latest_pull(config.data_dir, "elm") == again
