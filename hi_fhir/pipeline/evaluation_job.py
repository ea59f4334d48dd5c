"""What an evaluation is asked for, checked before anything is counted, and the name that all of it gives it."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hi_fhir import __version__
from hi_fhir.cohorts.imports import load_organisations, load_postcodes
from hi_fhir.cohorts.list_imports import load_lists
from hi_fhir.cohorts.opt_outs import read_opt_outs
from hi_fhir.cohorts.resolve import rule_versions
from hi_fhir.cohorts.resolve_inputs import ResolveInputs
from hi_fhir.core.config import Config
from hi_fhir.core.days import Period
from hi_fhir.core.errors import ConfigError
from hi_fhir.core.files import content_name, sha256_file
from hi_fhir.measures.digests import definition_digest
from hi_fhir.measures.evaluate import EVALUATION_VERSION
from hi_fhir.measures.evaluation_context import Codes, EvaluationContext
from hi_fhir.measures.model import Measure
from hi_fhir.measures.render import requirements
from hi_fhir.tables.flatten import KERNEL_VERSION
from hi_fhir.tables.identity import load_key
from hi_fhir.tables.schema import SCHEMA_VERSION
from hi_fhir.tables.scope import Scope
from hi_fhir.tables.snapshot import FLATTEN_AGAIN, SnapshotManifest, read_snapshot
from hi_fhir.tables.standing import VERSION as ABSENCE_VERSION
from hi_fhir.terminology.catalogue import Terminology


class EvaluationJob(NamedTuple):
    """One evaluation: what it reads, and what it holds fixed."""

    folder: Path
    manifests: tuple[SnapshotManifest, ...]
    measures: tuple[Measure, ...]
    context: EvaluationContext
    codes: Codes
    inputs: ResolveInputs

    def file(self, table: str, bucket: str) -> Path:
        return self.folder / table / f"{bucket}.parquet"


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


def job_of(
    config: Config,
    snapshots: tuple[Path, ...],
    measures: tuple[Measure, ...],
    period: Period,
    as_of: date | None,
    terminology: Terminology,
) -> EvaluationJob:
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
    return EvaluationJob(config.data_dir / "evaluations" / name, manifests, measures, context, codes, inputs)


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


def check_scope(manifests: Iterable[SnapshotManifest], needed: Scope) -> None:
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
    data_date = data_date_of(manifests)
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


def data_date_of(manifests: Sequence[SnapshotManifest]) -> date:
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
