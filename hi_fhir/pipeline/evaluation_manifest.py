"""What a finished evaluation tells of its inputs and counts, for reports and `status`."""

from datetime import date

from hi_fhir import __version__
from hi_fhir.cohorts.inputs import Resolution
from hi_fhir.cohorts.people import LINK_FILE
from hi_fhir.core.config import Config
from hi_fhir.core.files import sha256_file
from hi_fhir.measures import evaluation
from hi_fhir.measures.evaluation import EvaluationManifest, SnapshotReference
from hi_fhir.pipeline.evaluation_job import EvaluationJob, data_date_of
from hi_fhir.tables.schema import BUCKETS
from hi_fhir.tables.standing import VERSION as ABSENCE_VERSION
from hi_fhir.tables.standing import Standing, standings


def manifest_of(
    config: Config,
    job: EvaluationJob,
    resolution: Resolution,
    dropped: dict[str, dict[str, int]],
    heard: dict[str, dict[str, dict[str, int]]],
) -> EvaluationManifest:
    stratifiers = {s.id: s.version for measure in job.measures for s in measure.stratifiers}
    paths = [*(job.file(table, b) for table in ("person", "leaf", "fact") for b in BUCKETS)]
    paths += [job.folder / name for name in (LINK_FILE, evaluation.COUNTS_FILE)]
    terminology = job.inputs.terminology
    measures = [evaluation.measure_reference(measure, terminology) for measure in job.measures]
    return EvaluationManifest(
        id=job.folder.name,
        period=job.context.period,
        as_of=job.context.as_of,
        data_date=data_date_of(job.manifests),
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
        classes={m.source_id: m.classes for m in job.manifests if m.classes},
    )


def _standings(config: Config, job: EvaluationJob, resolution: Resolution) -> list[Standing]:
    found = (standings(m, resolution.orphans.get(m.source_id, {}), config.quarantine_limit) for m in job.manifests)
    return [one for of_source in found for one in of_source]
