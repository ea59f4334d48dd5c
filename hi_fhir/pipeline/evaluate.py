"""The third step: snapshots become people, leaf rows, facts and counts, in a folder named by all that decides them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq

from hi_fhir import __version__
from hi_fhir.cohorts.buckets import BucketReader, ranges, read_link
from hi_fhir.cohorts.imports import load_organisations, load_postcodes
from hi_fhir.cohorts.inputs import Resolution
from hi_fhir.cohorts.list_imports import load_lists
from hi_fhir.cohorts.opt_outs import read_opt_outs
from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.cohorts.resolve import resolve, rule_versions
from hi_fhir.cohorts.resolve_inputs import ResolveInputs
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.events import step
from hi_fhir.core.files import commit_file, content_name, remove_left_overs, sha256_file, written_aside
from hi_fhir.core.locks import lock_or_fail
from hi_fhir.core.manifests import Format
from hi_fhir.core.room import needs_room
from hi_fhir.engine.compiled import CompiledQueries
from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures import evaluation
from hi_fhir.measures.counts import counts
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.dropped import dropped_readings
from hi_fhir.measures.evaluate import EVALUATION_VERSION, Evaluator
from hi_fhir.measures.evaluation import EvaluationManifest, SnapshotReference
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.facts import all_leaves
from hi_fhir.measures.heard import codings_read
from hi_fhir.measures.leaves import event_types, received_units
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render import requirements
from hi_fhir.measures.words.values import LatestValue
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.flatten import KERNEL_VERSION
from hi_fhir.tables.identity import load_key
from hi_fhir.tables.schema import BUCKETS, SCHEMA_VERSION
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import FLATTEN_AGAIN, SnapshotManifest, read_snapshot
from hi_fhir.tables.standing import VERSION as ABSENCE_VERSION
from hi_fhir.tables.standing import Standing, standings
from hi_fhir.terminology.catalogue import Terminology

_RESOLUTION = "resolution.json"
_RESOLUTION_FORMAT = Format("list of what resolving found", Resolution, 2, "Remove its folder and evaluate again.")
_COMPILED = Path("compiled", "queries")
_PEOPLE_A_PASS = 100_000


class _Job(NamedTuple):
    """One evaluation: what it reads, and what it holds fixed."""

    folder: Path
    manifests: tuple[SnapshotManifest, ...]
    measures: tuple[Measure, ...]
    context: EvaluationContext
    codes: Codes
    inputs: ResolveInputs


def scope_of(config: Config, measures: Iterable[Measure], terminology: Terminology) -> Scope:
    """What a pull for these measures asks for, by the deployment's opt-out policy."""
    return requirements.scope(measures, terminology, config.opt_out_policy)


def check_period(period: Period, today: date) -> None:
    """That something of the period can have been recorded by today; it may go on.

    Raises:
        ConfigError: it has not begun.
    """
    if period.start > today:
        raise ConfigError(
            f"the period begins on {period.start}, and today is {today}: nothing of it can have been recorded. "
            "Name one that has begun."
        )


def check_as_of(period: Period, as_of: date | None) -> None:
    """That a named day is not after the period.

    Raises:
        ConfigError: it is.
    """
    if as_of and as_of > period.end:
        raise ConfigError(
            f"the reference date {as_of} is after the period's end, {period.end}. Name a day in the period, or a "
            "longer one."
        )


def _told(manifest: EvaluationManifest) -> dict[str, object]:
    return {"evaluation": manifest.id, "measures": [one.id for one in manifest.measures]}


@step("evaluate", _told)
@needs_room
def evaluate(
    context: RunContext,
    snapshots: tuple[Path, ...],
    measures: Sequence[Measure],
    period: Period,
    as_of: date | None,
    terminology: Terminology,
) -> EvaluationManifest:
    """Make the evaluation of these snapshots, continue an unfinished one, or return a finished one as it is.

    Raises:
        BusyError: another process makes the same evaluation.
        ConfigError: no snapshot, two of one source, a reference date outside the period or after the extract date, or a
            snapshot whose pull asked for less than the measures read.
        TerminologyError: a value set or mapping is not there.
        GateError: the strata do not add up.
        CancelledError: the work was asked to end.
    """
    config = context.config
    job = _job(config, snapshots, tuple(sorted(measures, key=lambda m: m.id)), period, as_of, terminology)
    _check_scope(job.manifests, scope_of(config, job.measures, terminology))
    with lock_or_fail(job.folder / "lock", f"evaluation {job.folder.name} is being made"):
        if not (job.folder / evaluation.MANIFEST).exists():
            _evaluate(context, job)
        history.note_newest(job.folder)
        return evaluation.read_evaluation(job.folder)


def _evaluate(context: RunContext, job: _Job) -> None:
    config = context.config
    with _engine(config, job.folder) as engine:
        resolution = _resolve(engine, job, context)
        units = _units(engine, job)
        _write_facts(engine, job, units, resolution.persons, context)
        _write_counts(engine, job, resolution)
        dropped = _dropped(engine, job, units)
        heard = codings_read(engine, job.inputs.snapshots, job.measures, job.codes)
    manifest = _manifest(config, job, resolution, dropped, heard)
    remove_left_overs(job.folder)
    evaluation.FORMAT.commit(job.folder / evaluation.MANIFEST, manifest)


def _job(
    config: Config,
    snapshots: tuple[Path, ...],
    measures: tuple[Measure, ...],
    period: Period,
    as_of: date | None,
    terminology: Terminology,
) -> _Job:
    manifests = tuple(read_snapshot(folder) for folder in snapshots)
    _check_sources(manifests)
    context = EvaluationContext(period, _as_of(manifests, period, as_of), config.imd_year)
    imports = config.data_dir / "imports"
    inputs = ResolveInputs(
        snapshots=snapshots,
        terminology=terminology,
        period=period,
        as_of=context.as_of,
        directory=load_postcodes(imports),
        areas=load_organisations(imports),
        lists=load_lists(imports),
        opt_out=read_opt_outs(config.opt_out_policy, config.opt_out_list, load_key(config.key_file)),
        imd_year=config.imd_year,
    )
    codes = _codes(measures, terminology)
    name = _name(manifests, measures, context, codes, inputs, config.quarantine_limit)
    return _Job(config.data_dir / "evaluations" / name, manifests, measures, context, codes, inputs)


def _check_sources(manifests: Sequence[SnapshotManifest]) -> None:
    names = [manifest.source_id for manifest in manifests]
    if not names or len(set(names)) != len(names):
        raise ConfigError("an evaluation needs one snapshot of each of its sources. Name each source once.")
    if len({manifest.key_id for manifest in manifests}) > 1:
        raise ConfigError("the snapshots were made with different identity keys. Flatten every source anew.")
    now = (KERNEL_VERSION, SCHEMA_VERSION)
    for manifest in manifests:
        if (manifest.kernel_version, manifest.schema_version) != now:
            raise ConfigError(
                f"source {manifest.source_id}: its snapshot was made by another hi_fhir, whose tables say other "
                f"things. {FLATTEN_AGAIN}"
            )


def _check_scope(manifests: Iterable[SnapshotManifest], needed: Scope) -> None:
    """That each pull asked for all that the measures read: what was not asked for would count as not recorded."""
    for manifest in manifests:
        for type_, tokens in needed.types.items():
            asked = manifest.scope.types.get(type_, ())
            if asked is not None and (tokens is None or not set(tokens) <= set(asked)):
                raise ConfigError(
                    f"source {manifest.source_id}: its pull did not ask for all of {type_} that the measures read. "
                    "Pull again for these measures, or choose fewer."
                )


def _as_of(manifests: Sequence[SnapshotManifest], period: Period, named: date | None) -> date:
    """The day that was named, else the period's end, or the extract date if that is earlier.

    A later day than either would be one of which the data cannot tell, or whose records lie outside the period.
    """
    check_as_of(period, named)
    data_date = _data_date(manifests)
    if named and named > data_date:
        raise ConfigError(
            f"the reference date {named} is after the extract date, {data_date}. Name an earlier day, or pull newer "
            "data."
        )
    as_of = named or min(period.end, data_date)
    if as_of < period.start:
        raise ConfigError(
            f"the reference date {as_of} is before the period starts. Choose an earlier period, newer data or "
            "another day."
        )
    return as_of


def _data_date(manifests: Sequence[SnapshotManifest]) -> date:
    return min(date.fromisoformat(manifest.data_date) for manifest in manifests)


def _codes(measures: Iterable[Measure], terminology: Terminology) -> Codes:
    used = sorted({value_set for measure in measures for value_set in requirements.value_sets(measure)})
    found = {value_set: terminology.value_set(value_set) for value_set in used}
    return Codes(
        value_sets={value_set: terminology.preimage(value_set) for value_set in used},
        analytes={value_set: one.analyte for value_set, one in found.items() if one.analyte},
        units=terminology.units(),
    )


def _name(
    manifests: Sequence[SnapshotManifest],
    measures: Sequence[Measure],
    context: EvaluationContext,
    codes: Codes,
    inputs: ResolveInputs,
    quarantine_limit: float,
) -> str:
    """The id of the evaluation: a hash of everything that decides its numbers."""
    return content_name(
        {
            "snapshots": [_content(manifest) for manifest in manifests],
            "period": [context.period.start, context.period.end],
            "as_of": context.as_of,
            "measures": [[measure.id, measure.version, definition_digest(measure)] for measure in measures],
            "value_sets": {id_: sorted(map(str, found)) for id_, found in codes.value_sets.items()},
            "analytes": dict(codes.analytes),
            "versions": inputs.terminology.versions(),
            "mappings": {id_: sha256_file(path) for id_, path in inputs.terminology.mapping_files.items()},
            "imports": [given.version if given else None for given in (inputs.directory, inputs.areas, inputs.lists)],
            "opt_out": [inputs.opt_out.policy, sorted(inputs.opt_out.nhs_keys)],
            "imd_year": context.imd_year,
            "quarantine_limit": quarantine_limit,
            "rules": rule_versions() | {"rule/absence": ABSENCE_VERSION},
            "software": [__version__, EVALUATION_VERSION, SCHEMA_VERSION],
        }
    )


def _content(manifest: SnapshotManifest) -> dict[str, Any]:
    """All that a snapshot tells of its source, since reports and `status` tell it too, but which pull it came by."""
    told: dict[str, Any] = msgspec.to_builtins(manifest)
    return {name: value for name, value in told.items() if name not in ("id", "parents", "pulls")}


@contextmanager
def _engine(config: Config, folder: Path) -> Iterator[Engine]:
    """The engine of one evaluation; it is closed and its spill goes at the end."""
    spill = folder / ".spill"
    compiled = CompiledQueries(config.data_dir / _COMPILED, load_key(config.key_file).secret)
    engine = connect(spill, threads=config.workers, memory=f"{config.memory_mb}MB", compiled=compiled)
    try:
        yield engine
    finally:
        engine.close()
        for path in spill.glob("*"):
            path.unlink(missing_ok=True)
        if spill.exists():
            spill.rmdir()


def _resolve(engine: Engine, job: _Job, context: RunContext) -> Resolution:
    """People and links, unless an earlier try of this evaluation finished them."""
    path = job.folder / _RESOLUTION
    if path.exists():
        return _RESOLUTION_FORMAT.read(path)
    resolution = resolve(engine, job.inputs, job.folder, context.steps)
    _RESOLUTION_FORMAT.commit(path, resolution)
    return resolution


def _units(engine: Engine, job: _Job) -> list[str]:
    """Units of the readings that the measures look at, as they were received."""
    leaves = all_leaves(job.measures)
    if not any(isinstance(leaf, LatestValue) for leaf in leaves):
        return []
    observations = read_table(engine, job.inputs.snapshots, "observation")
    found = received_units(leaves, job.context, job.codes, observations)
    return [row["unit"] for row in engine.query(found).to_pylist()]


def _write_facts(engine: Engine, job: _Job, units: Sequence[str], people: int, context: RunContext) -> None:
    """Leaf rows and facts of each range of buckets that has not all of them yet."""
    context.steps.start("evaluate", len(BUCKETS), "buckets of people")
    passes = list(ranges(people, _PEOPLE_A_PASS))
    left = [buckets for buckets in passes if not all(_file(job, "fact", bucket).exists() for bucket in buckets)]
    context.steps.advance(len(BUCKETS) - sum(map(len, left)))
    types = event_types(all_leaves(job.measures))
    if left:
        reader = BucketReader(engine, job.inputs.snapshots, job.folder)
        evaluator = Evaluator(engine, job.measures, job.context, job.codes, units)
    for buckets in left:
        events = {type_: reader.events(CLINICAL_TABLES[type_], buckets) for type_ in types}
        evaluator.write_leaves(events, buckets, job.folder)
        evaluator.write_facts(buckets, job.folder)
        context.steps.advance(len(buckets))
    context.steps.finish(f"{len(job.measures)} measures")


def _write_counts(engine: Engine, job: _Job, resolution: Resolution) -> None:
    found = counts(
        engine,
        job.measures,
        [_file(job, "fact", bucket) for bucket in BUCKETS],
        [area.practice_id for area in resolution.areas],
        {area.practice_id: area.pcn_id for area in resolution.areas},
    )
    path = job.folder / evaluation.COUNTS_FILE
    temporary = written_aside(path)
    pq.write_table(found, temporary, compression="zstd")
    commit_file(temporary, path)


def _dropped(engine: Engine, job: _Job, units: Sequence[str]) -> dict[str, dict[str, int]]:
    """Readings of the people who are kept that no measure takes, by value set."""
    observations = read_table(engine, job.inputs.snapshots, "observation")
    link = read_link(engine, job.folder)
    return dropped_readings(engine, all_leaves(job.measures), job.context, job.codes, units, observations, link)


def _standings(config: Config, job: _Job, resolution: Resolution) -> list[Standing]:
    found = (standings(m, resolution.orphans.get(m.source_id, {}), config.quarantine_limit) for m in job.manifests)
    return [one for of_source in found for one in of_source]


def _file(job: _Job, table: str, bucket: str) -> Path:
    return job.folder / table / f"{bucket}.parquet"


def _manifest(
    config: Config,
    job: _Job,
    resolution: Resolution,
    dropped: dict[str, dict[str, int]],
    heard: dict[str, dict[str, dict[str, int]]],
) -> EvaluationManifest:
    stratifiers = {s.id: s.version for measure in job.measures for s in measure.stratifiers}
    paths = [*(_file(job, table, b) for table in ("person", "leaf", "fact") for b in BUCKETS)]
    paths += [job.folder / name for name in (LINK_FILE, evaluation.COUNTS_FILE)]
    terminology = job.inputs.terminology
    measures = [evaluation.measure_reference(measure, terminology) for measure in job.measures]
    return EvaluationManifest(
        id=job.folder.name,
        period=job.context.period,
        as_of=job.context.as_of,
        data_date=_data_date(job.manifests),
        software=f"hi_fhir {__version__}",
        snapshots=[SnapshotReference(m.source_id, m.id, date.fromisoformat(m.data_date)) for m in job.manifests],
        measures=measures,
        policies={
            "opt_out": config.opt_out_policy,
            "imd_year": str(config.imd_year),
            "quarantine_limit": str(config.quarantine_limit),
        },
        versions=resolution.versions
        | {"rule/absence": ABSENCE_VERSION}
        | {f"stratifier/{id_}": version for id_, version in sorted(stratifiers.items())},
        contents=evaluation.contents_read(measures, resolution.versions, terminology),
        unverified=evaluation.not_seen(resolution.versions, terminology),
        areas=resolution.areas,
        notes=resolution.notes,
        people=evaluation.people_counts(resolution),
        quarantine={m.source_id: m.quarantine for m in job.manifests},
        reconciliation={m.source_id: m.reconciliation for m in job.manifests},
        dated_by={m.source_id: m.dated_by for m in job.manifests},
        dropped_readings=dropped,
        tables={str(path.relative_to(job.folder)): sha256_file(path) for path in paths},
        other_servers={m.source_id: m.other_servers for m in job.manifests if m.other_servers},
        lost={m.source_id: m.lost for m in job.manifests},
        standings=_standings(config, job, resolution),
        heard=heard,
        homes=resolution.homes,
        not_understood=resolution.not_understood,
        lists=resolution.lists,
        foreign_codes={m.source_id: m.foreign_codes for m in job.manifests if m.foreign_codes},
        negated={m.source_id: m.negated for m in job.manifests if m.negated},
        misdated={m.source_id: m.misdated for m in job.manifests if m.misdated},
    )
