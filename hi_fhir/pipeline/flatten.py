"""The second step: a pull's lines become the tables of a snapshot, with quarantine, reconciliation and identities."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from hi_fhir.core.config import Config
from hi_fhir.core.errors import ConfigError, GateError, NotFoundError
from hi_fhir.core.events import step
from hi_fhir.core.files import owner_folder, remove_left_overs, sha256_file, sync_folder
from hi_fhir.core.locks import lock_or_fail
from hi_fhir.core.room import needs_room
from hi_fhir.core.source_settings import SourceSettings
from hi_fhir.pipeline.context import RunContext
from hi_fhir.tables.bases import own_bases
from hi_fhir.tables.classes import ABSENT
from hi_fhir.tables.dates import london_day
from hi_fhir.tables.flatten import KERNEL_VERSION, ChunkResult, ChunkTask, flatten_chunk
from hi_fhir.tables.freed import give_back
from hi_fhir.tables.identity import IdentityKey, load_key
from hi_fhir.tables.keys import FOLDER as KEYS
from hi_fhir.tables.landed import Landed, read_landed
from hi_fhir.tables.lost import lost_records
from hi_fhir.tables.merge import Merged, MergeTask, is_one_range, merge, merge_quarantine
from hi_fhir.tables.partial import TABLES
from hi_fhir.tables.reconcile import reconcile, total
from hi_fhir.tables.schema import BUCKETS, SCHEMA_VERSION
from hi_fhir.tables.snapshot import (
    FORMAT,
    MANIFEST,
    PullReference,
    SnapshotManifest,
    read_snapshot,
    snapshot_name,
)
from hi_fhir.tables.versions import Versions, settle_versions
from hi_fhir.tables.workers import RunAll, workers
from hi_fhir.terminology.answers import Answers, load_answers
from hi_fhir.terminology.code_systems import CodeSystems, read_code_systems

_WORK = ".work"
_MOST_SYSTEMS = 100  # that are named of a type, the commonest first


class _Files(NamedTuple):
    """Where one flatten reads and writes."""

    raw: Path
    snapshot: Path
    identity: Path

    @property
    def work(self) -> Path:
        return self.snapshot / _WORK


def _told(manifest: SnapshotManifest) -> dict[str, object]:
    return {"snapshot": manifest.id, "records": msgspec.to_builtins(manifest.reconciliation)}


@step("flatten", _told)
@needs_room
def flatten(context: RunContext, source: SourceSettings, pull_id: str) -> SnapshotManifest:
    """Make the snapshot of a finished pull, continue an unfinished one, or return a finished one as it is.

    Raises:
        BusyError: another process pulls or flattens the source.
        NotFoundError: the pull is not finished, or its lines are gone.
        ConfigError: the identity key lies inside the data folder, or the data has no date and none was given.
        GateError: the lines are not those of the receipts, or the counts do not reconcile.
        CancelledError: the work was asked to end.
    """
    config = context.config
    if config.key_file.resolve().is_relative_to(config.data_dir.resolve()):
        raise ConfigError(
            f"identity key {config.key_file} lies inside the data folder. Set HI_FHIR_KEY_FILE elsewhere."
        )
    home = config.data_dir / "sources" / source.name
    with lock_or_fail(home / "lock", f"source {source.name} is being worked on"):
        return _flatten(context, source, home, pull_id)


def _flatten(context: RunContext, source: SourceSettings, home: Path, pull_id: str) -> SnapshotManifest:
    config = context.config
    key = load_key(config.key_file)
    landed = read_landed(home / "raw" / pull_id)
    bases, answers = own_bases(source, landed.bases), load_answers(config.overlays)
    systems = read_code_systems(config.overlays)
    name = snapshot_name(
        pull_id, landed.data_date, source.practice, key.key_id, config.line_limit_mb, bases, answers, systems
    )
    identity = config.data_dir / "identity" / f"{source.name}.parquet"
    files = _Files(home / "raw" / pull_id, home / "snapshots" / name, identity)
    if not (files.snapshot / MANIFEST).exists():
        owner_folder(files.work)
        with workers(config.workers, sum(chunk.bytes for chunk in landed.chunks)) as run_all:
            manifest = _make(context, source, landed, files, key, answers, systems, run_all)
        remove_left_overs(files.snapshot)
        remove_left_overs(files.identity.parent, files.identity.name)
        FORMAT.commit(files.snapshot / MANIFEST, manifest)
        give_back()  # it would lie beside what evaluating takes
    shutil.rmtree(files.work, ignore_errors=True)  # also that of a try that ended between the two
    return read_snapshot(files.snapshot)


def _make(
    context: RunContext,
    source: SourceSettings,
    landed: Landed,
    files: _Files,
    key: IdentityKey,
    answers: Answers,
    systems: CodeSystems,
    run_all: RunAll,
) -> SnapshotManifest:
    config = context.config
    tasks = _chunk_tasks(config, source, landed, files, answers, systems)
    context.steps.start("flatten", len(tasks), "chunks")
    results = run_all(partial(flatten_chunk, key=key), tasks, context.steps.advance)
    _check_lines(landed, results)
    folders = tuple(task.folder for task in tasks)
    versions = settle_versions(
        folders,
        total(result.keys for result in results),
        files.snapshot / KEYS,
        files.work / "spill",
        config.memory_mb,
        _received(landed),
    )
    np.save(files.work / "dropped.npy", versions.dropped)
    merges = _merge_tasks(source, files, folders, total(result.rows for result in results))
    merged = run_all(merge, merges, context.cancel.check)
    for folder in dict.fromkeys(target.parent for task in merges for _, target in task.files):
        sync_folder(folder)
    merge_quarantine(folders, files.snapshot / "quarantine")
    patient_id = partial(key.patient_id, source.name)
    lost = lost_records(files.snapshot / "quarantine", folders, landed.scope, systems, patient_id)
    manifest = _manifest(source, landed, files, key, results, versions, merges, merged, lost)
    context.steps.finish(_summary(manifest))
    return manifest


def _chunk_tasks(
    config: Config, source: SourceSettings, landed: Landed, files: _Files, answers: Answers, systems: CodeSystems
) -> list[ChunkTask]:
    tasks = []
    for number, chunk in enumerate(sorted(landed.chunks, key=lambda chunk: (chunk.type, chunk.name))):
        path = files.raw / chunk.type / f"{chunk.name}.ndjson.zst"
        folder = files.work / f"{chunk.type}-{chunk.name}"
        if not path.exists() and not (folder / "done.json").exists():
            raise NotFoundError(
                f"the lines of pull {landed.id} are gone. Run a new pull, with --keep-raw to keep them."
            )
        tasks.append(
            ChunkTask(
                path=path,
                sha256=chunk.sha256,
                type=chunk.type,
                name=chunk.name,
                number=number,
                folder=folder,
                source_id=source.name,
                scope=landed.scope,
                line_limit=config.line_limit_mb << 20,
                bases=own_bases(source, landed.bases),
                answers=answers,
                systems=systems,
            )
        )
    return tasks


def _check_lines(landed: Landed, results: Sequence[ChunkResult]) -> None:
    chunks = sorted(landed.chunks, key=lambda chunk: (chunk.type, chunk.name))
    for chunk, result in zip(chunks, results, strict=True):
        if chunk.lines != result.lines:
            raise GateError(
                f"chunk {chunk.type}/{chunk.name}: {result.lines} lines were read, its receipt says {chunk.lines}. "
                "The file was changed or damaged after it was landed; pull again."
            )


def _merge_tasks(
    source: SourceSettings, files: _Files, folders: tuple[Path, ...], rows: dict[str, int]
) -> list[MergeTask]:
    """The largest tables first, so that the last worker does not wait for one of them."""

    def task(table: str, *parts: tuple[str, Path]) -> MergeTask:
        share = -(-rows.get(table, 0) // len(BUCKETS))
        return MergeTask(table, parts, share, folders, files.work / "dropped.npy", source.name)

    tasks = []
    for table in sorted(TABLES, key=lambda table: (-rows.get(table, 0), table)):
        if table == "organization":
            tasks.append(task(table, ("", files.snapshot / table / "all.parquet")))
        elif table == "identity":
            tasks.append(task(table, (BUCKETS, files.identity)))
        else:
            parts = [(digit, files.snapshot / table / f"{digit}.parquet") for digit in BUCKETS]
            together = is_one_range(rows.get(table, 0))
            tasks += [task(table, *parts)] if together else [task(table, part) for part in parts]
    return tasks


def _manifest(
    source: SourceSettings,
    landed: Landed,
    files: _Files,
    key: IdentityKey,
    results: Sequence[ChunkResult],
    versions: Versions,
    merges: Sequence[MergeTask],
    merged: Sequence[Merged],
    lost: dict[str, dict[str, int]],
) -> SnapshotManifest:
    received = total([landed.received, *(result.moved for result in results)])
    refused = [{type_: sum(kinds.values()) for type_, kinds in result.quarantined.items()} for result in results]
    terms = {
        "received": received,
        "kept": total(part.resources for part in merged),
        "superseded": versions.superseded,
        "deleted": versions.deleted,
        "out_of_scope": total([landed.not_landed, *(result.out_of_scope for result in results)]),
        "quarantined": total(refused),
    }
    tables = sorted({task.table for task in merges} - {"identity"})
    targets = [target for task in merges if task.table in tables for _, target in task.files]
    return SnapshotManifest(
        id=files.snapshot.name,
        source_id=source.name,
        schema_version=SCHEMA_VERSION,
        kernel_version=KERNEL_VERSION,
        key_id=key.key_id,
        parents=(),
        pulls=(PullReference(landed.id, landed.method, landed.received),),
        data_date=landed.data_date or _newest_day(source, versions, received, terms["quarantined"]),
        scope=landed.scope,
        practice=source.practice,
        tables={str(target.relative_to(files.snapshot)): sha256_file(target) for target in targets},
        keys={path.stem: sha256_file(path) for path in sorted((files.snapshot / KEYS).glob("*.parquet"))},
        rows=total({task.table: part.rows} for task, part in zip(merges, merged, strict=True)),
        reconciliation=reconcile(terms, source.name, landed.scope.types),
        quarantine={
            type_: total(result.quarantined.get(type_, {}) for result in results)
            for type_ in sorted({type_ for result in results for type_ in result.quarantined})
        },
        dated_by={
            name: total(part.dated_by for task, part in zip(merges, merged, strict=True) if task.table == name)
            for name in tables
            if "dated_by" in TABLES[name].names and name != "ethnic_category"
        },
        not_offered=landed.not_offered,
        other_servers=_other_servers(results),
        foreign_codes=_foreign_codes(results),
        misdated=versions.misdated,
        negated={
            name: kinds
            for name in tables
            if (kinds := total(part.negated for task, part in zip(merges, merged, strict=True) if task.table == name))
        },
        classes=_classes(merged),
        lost=lost,
    )


def _classes(merged: Sequence[Merged]) -> dict[str, int]:
    found = total(part.classes for part in merged)
    if not found:
        return {}
    encounters = sum(part.resources.get("Encounter", 0) for part in merged)
    return {**found, ABSENT: encounters - sum(found.values())}


def _foreign_codes(results: Sequence[ChunkResult]) -> dict[str, dict[str, int]]:
    types = sorted({type_ for result in results for type_ in result.foreign_codes})
    found = {type_: total(result.foreign_codes.get(type_, {}) for result in results) for type_ in types}
    most = {type_: sorted(systems, key=lambda name: (-found[type_][name], name)) for type_, systems in found.items()}
    return {type_: {name: found[type_][name] for name in names[:_MOST_SYSTEMS]} for type_, names in most.items()}


def _other_servers(results: Sequence[ChunkResult]) -> dict[str, dict[str, int]]:
    hosts = sorted({host for result in results for host in result.other_servers})
    return {host: total(result.other_servers.get(host, {}) for result in results) for host in hosts}


def _received(landed: Landed) -> date | None:
    return date.fromisoformat(landed.received_date) if landed.received_date else None


def _newest_day(
    source: SourceSettings, versions: Versions, received: Mapping[str, int], quarantined: Mapping[str, int]
) -> str:
    if versions.newest_us is None:
        bad = sum(quarantined.values())
        why = (
            f" {bad} of {sum(received.values())} records were refused; hi-fhir quarantine tells why then."
            if bad
            else ""
        )
        if versions.misdated:
            why += (
                f" {sum(versions.misdated.values())} records say that they were last updated after the day on which "
                "they were received, which dates nothing."
            )
        raise ConfigError(
            f"source {source.name}: no record says when it was last updated, so the data has no date. "
            f"Name it with --extract-date.{why}"
        )
    newest = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=versions.newest_us)
    return london_day(newest).isoformat()


def _summary(manifest: SnapshotManifest) -> str:
    terms = manifest.reconciliation.values()
    received, kept = sum(t.received for t in terms), sum(t.kept for t in terms)
    refused = sum(t.quarantined for t in terms)
    return f"{received} records received, {kept} kept, {refused} in quarantine"
