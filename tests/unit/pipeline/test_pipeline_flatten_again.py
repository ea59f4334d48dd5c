"""A flatten that was stopped, whose lines were changed, or that is done in another order."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from filelock import FileLock

from hi_fhir.core.config import Config
from hi_fhir.core.errors import BusyError, ConfigError, GateError, NotFoundError
from hi_fhir.core.files import sha256_file
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.flatten import flatten
from hi_fhir.tables import workers
from hi_fhir.tables.reconcile import Reconciliation
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import SnapshotManifest
from tests.support.flattened import a_world, an_observation, flat
from tests.support.landing import SOURCE, as_line, config_in, land


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


def digests(config: Config, manifest: SnapshotManifest) -> dict[str, str]:
    folder = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id
    files = [*sorted(folder.rglob("*.parquet")), config.data_dir / "identity" / "elm.parquet"]
    return {f"{file.parent.name}/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def shared_key(tmp_path: Path, name: str, **settings: Any) -> Config:
    made = config_in(tmp_path / name, **settings)
    return Config(data_dir=made.data_dir, key_file=tmp_path / "keys" / "identity.key", workers=made.workers)


@pytest.mark.slow
def test_tables_have_the_same_bytes_in_any_order_chunking_and_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(600)
    plain = shared_key(tmp_path, "plain")
    once = flat(plain, {"Observation/000": world})
    shuffled = list(world)
    random.Random(3).shuffle(shuffled)
    monkeypatch.setattr(workers, "WORTH_PROCESSES", 0)
    monkeypatch.setattr("hi_fhir.tables.merge.RANGE_ROWS", 10)
    other = shared_key(tmp_path, "other", workers=2)
    twice = flat(
        other, {"Observation/000": shuffled[:100], "mixed/000": shuffled[100:350], "Observation/001": shuffled[350:]}
    )
    assert digests(plain, once) == digests(other, twice)
    assert once.tables == twice.tables
    assert once.reconciliation == twice.reconciliation


def test_tables_have_the_same_bytes_whether_their_buckets_are_put_in_order_together_or_each_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(60)
    together = shared_key(tmp_path, "together")
    once = flat(together, {"Observation/000": world})
    monkeypatch.setattr("hi_fhir.tables.merge.RANGE_ROWS", 0)
    apart = shared_key(tmp_path, "apart")
    again = flat(apart, {"Observation/000": world})
    assert digests(together, once) == digests(apart, again)
    assert once == again


def test_tables_and_keys_are_the_same_from_many_files_in_small_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world(60)
    plain, other = shared_key(tmp_path, "plain"), shared_key(tmp_path, "other")
    once = flat(plain, {"Observation/000": world})
    monkeypatch.setattr("hi_fhir.tables.merge.RANGE_ROWS", 10)
    monkeypatch.setattr("hi_fhir.tables.merge._FILES_AT_ONCE", 2)
    monkeypatch.setattr("hi_fhir.tables.key_order.RANGE_KEYS", 15)

    chunks = {f"Observation/{number:03}": world[number::7] for number in range(7)}

    assert digests(plain, once) == digests(other, flat(other, chunks))


def test_a_killed_flatten_goes_on_from_its_finished_chunks(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = land(config, {"Observation/000": a_world(50), "Observation/001": [an_observation("last")]})

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hi_fhir.pipeline.flatten.merge_quarantine", die)
        with pytest.raises(KeyboardInterrupt):
            flatten(RunContext(config), SOURCE, pull)
    for lines in (config.data_dir / "sources" / "elm" / "raw").rglob("*.zst"):
        lines.unlink()
    (snapshot,) = (config.data_dir / "sources" / "elm" / "snapshots").iterdir()
    half_written = [
        snapshot / "encounter" / ".6.parquet.4711.tmp",
        config.data_dir / "identity" / ".elm.parquet.4711.tmp",
    ]
    for left_over in half_written:
        left_over.write_bytes(b"PAR1")
    manifest = flatten(RunContext(config), SOURCE, pull)
    assert not any(left_over.exists() for left_over in half_written)
    assert manifest.rows["observation"] > 51
    assert flatten(RunContext(config), SOURCE, pull) == manifest
    assert not list((config.data_dir / "sources" / "elm" / "snapshots" / manifest.id).glob(".work"))


def altered(config: Config, pull: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest of a pull."""
    path = config.data_dir / "sources" / "elm" / "raw" / pull / "pull.json"
    manifest = orjson.loads(path.read_bytes())
    change(manifest)
    path.write_bytes(orjson.dumps(manifest))


def test_lines_that_differ_from_their_receipt_stop_the_run(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a")]})
    altered(config, pull, lambda manifest: manifest["chunks"][0].update(lines=2))
    with pytest.raises(GateError, match="1 lines were read, its receipt says 2"):
        flatten(RunContext(config), SOURCE, pull)


def test_a_chunk_that_was_changed_since_it_was_landed_stops_the_run(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a", code="1")]})
    [file] = (config.data_dir / "sources" / "elm" / "raw").rglob("*.zst")
    file.write_bytes(zstandard.compress(as_line(an_observation("a", code="2")) + b"\n"))
    with pytest.raises(GateError, match=r"Observation/000 of source elm is not what was landed.*Pull again"):
        flatten(RunContext(config), SOURCE, pull)


def test_a_chunk_that_was_landed_damaged_stops_the_run(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a")]})
    [file] = (config.data_dir / "sources" / "elm" / "raw").rglob("*.zst")
    file.write_bytes(b"torn" + file.read_bytes()[4:])
    altered(config, pull, lambda manifest: manifest["chunks"][0].update(sha256=sha256_file(file)))
    with pytest.raises(GateError, match="is not what was landed"):
        flatten(RunContext(config), SOURCE, pull)


def test_what_the_pull_counted_is_held_against_what_the_tables_account_for(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a")]})
    altered(config, pull, lambda manifest: manifest["counts"]["Observation"].update(received=2))
    with pytest.raises(GateError, match=r"what arrived is not what the tables account for\. Observation"):
        flatten(RunContext(config), SOURCE, pull)


def test_a_type_that_was_asked_for_is_told_of_though_none_came(config: Config) -> None:
    manifest = flat(config, {}, scope=Scope(types={"Condition": None}))
    assert manifest.reconciliation == {"Condition": Reconciliation()}


def test_a_source_that_another_process_works_on_is_left_alone(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a")]})
    lock = config.data_dir / "sources" / "elm" / "lock"
    with FileLock(lock), pytest.raises(BusyError, match="source elm is being worked on by another process"):
        flatten(RunContext(config), SOURCE, pull)


def test_a_flatten_that_ended_before_it_cleaned_up_is_cleaned_up_after(config: Config) -> None:
    pull = land(config, {"Observation/000": [b"not a record"]})
    manifest = flatten(RunContext(config), SOURCE, pull)
    work = config.data_dir / "sources" / "elm" / "snapshots" / manifest.id / ".work"
    (work / "Observation-000").mkdir(parents=True)
    (work / "Observation-000" / "quarantine.arrow").write_bytes(b"not a record")
    assert flatten(RunContext(config), SOURCE, pull) == manifest
    assert not work.exists()


def test_lines_that_are_gone_are_named(config: Config) -> None:
    pull = land(config, {"Observation/000": [an_observation("a")]})
    [file] = (config.data_dir / "sources" / "elm" / "raw").rglob("*.zst")
    file.unlink()
    with pytest.raises(NotFoundError, match="keep-raw"):
        flatten(RunContext(config), SOURCE, pull)


def test_data_without_any_date_asks_for_one(config: Config) -> None:
    with pytest.raises(ConfigError, match="--extract-date"):
        flat(config, {"Observation/000": [an_observation("a")]}, data_date=None)


def test_key_inside_the_data_folder_is_refused(config: Config) -> None:
    inside = Config(data_dir=config.data_dir, key_file=config.data_dir / "identity.key")
    with pytest.raises(ConfigError, match="inside the data folder"):
        flat(inside, {})
