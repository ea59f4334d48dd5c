"""The third step: snapshots become people, leaf rows, facts and counts, in a folder named by all that decides them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from hi_fhir.cohorts.buckets import BucketReader, ranges, read_link
from hi_fhir.cohorts.inputs import Resolution
from hi_fhir.cohorts.resolve import resolve
from hi_fhir.cohorts.snapshots import read_table
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.events import step
from hi_fhir.core.files import commit_file, remove_left_overs, written_aside
from hi_fhir.core.locks import lock_or_fail
from hi_fhir.core.manifests import Format
from hi_fhir.core.room import needs_room
from hi_fhir.engine.compiled import CompiledQueries
from hi_fhir.engine.connect import connect
from hi_fhir.engine.protocol import Engine
from hi_fhir.measures import evaluation
from hi_fhir.measures.counts import counts
from hi_fhir.measures.dropped import dropped_readings
from hi_fhir.measures.evaluate import Evaluator
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.measures.facts import all_leaves
from hi_fhir.measures.heard import codings_read
from hi_fhir.measures.leaves import event_types, received_units
from hi_fhir.measures.model import Measure
from hi_fhir.measures.words.values import LatestValue
from hi_fhir.pipeline import history
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.evaluation_job import EvaluationJob, check_scope, job_of, scope_of
from hi_fhir.pipeline.evaluation_manifest import manifest_of
from hi_fhir.tables.clinical import CLINICAL_TABLES
from hi_fhir.tables.identity import load_key
from hi_fhir.tables.schema import BUCKETS
from hi_fhir.terminology.catalogue import Terminology

_RESOLUTION = "resolution.json"
_RESOLUTION_FORMAT = Format("list of what resolving found", Resolution, 2, "Remove its folder and evaluate again.")
_COMPILED = Path("compiled", "queries")
_PEOPLE_A_PASS = 100_000


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
    job = job_of(config, snapshots, tuple(sorted(measures, key=lambda m: m.id)), period, as_of, terminology)
    check_scope(job.manifests, scope_of(config, job.measures, terminology))
    with lock_or_fail(job.folder / "lock", f"evaluation {job.folder.name} is being made"):
        if not (job.folder / evaluation.MANIFEST).exists():
            _evaluate(context, job)
        history.note_newest(job.folder)
        return evaluation.read_evaluation(job.folder)


def _evaluate(context: RunContext, job: EvaluationJob) -> None:
    config = context.config
    resolution = _resolve(job, context)
    with _engine(config, job.folder) as engine:  # another than that of resolve, of which nothing is needed any more
        units = _units(engine, job)
        _write_facts(engine, job, units, resolution.persons, context)
        _write_counts(engine, job, resolution)
        dropped = _dropped(engine, job, units)
        heard = codings_read(engine, job.inputs.snapshots, job.measures, job.codes)
    manifest = manifest_of(config, job, resolution, dropped, heard)
    remove_left_overs(job.folder)
    evaluation.FORMAT.commit(job.folder / evaluation.MANIFEST, manifest)


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


def _resolve(job: EvaluationJob, context: RunContext) -> Resolution:
    """People and links, unless an earlier try of this evaluation finished them."""
    path = job.folder / _RESOLUTION
    if path.exists():
        return _RESOLUTION_FORMAT.read(path)
    with _engine(context.config, job.folder) as engine:
        resolution = resolve(engine, job.inputs, job.folder, context.steps)
    _RESOLUTION_FORMAT.commit(path, resolution)
    return resolution


def _units(engine: Engine, job: EvaluationJob) -> list[str]:
    """Units of the readings that the measures look at, as they were received."""
    leaves = all_leaves(job.measures)
    if not any(isinstance(leaf, LatestValue) for leaf in leaves):
        return []
    observations = read_table(engine, job.inputs.snapshots, "observation")
    found = received_units(leaves, job.context, job.codes, observations)
    return [row["unit"] for row in engine.query(found).to_pylist()]


def _write_facts(engine: Engine, job: EvaluationJob, units: Sequence[str], people: int, context: RunContext) -> None:
    """Leaf rows and facts of each range of buckets that has not all of them yet."""
    context.steps.start("evaluate", len(BUCKETS), "buckets of people")
    passes = list(ranges(people, _PEOPLE_A_PASS))
    left = [buckets for buckets in passes if not all(job.file("fact", bucket).exists() for bucket in buckets)]
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


def _write_counts(engine: Engine, job: EvaluationJob, resolution: Resolution) -> None:
    found = counts(
        engine,
        job.measures,
        [job.file("fact", bucket) for bucket in BUCKETS],
        [area.practice_id for area in resolution.areas],
        {area.practice_id: area.pcn_id for area in resolution.areas},
    )
    path = job.folder / evaluation.COUNTS_FILE
    temporary = written_aside(path)
    pq.write_table(found, temporary, compression="zstd")
    commit_file(temporary, path)


def _dropped(engine: Engine, job: EvaluationJob, units: Sequence[str]) -> dict[str, dict[str, int]]:
    """Readings of the people who are kept that no measure takes, by value set."""
    observations = read_table(engine, job.inputs.snapshots, "observation")
    link = read_link(engine, job.folder)
    return dropped_readings(engine, all_leaves(job.measures), job.context, job.codes, units, observations, link)
