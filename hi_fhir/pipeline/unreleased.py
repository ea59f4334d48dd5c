"""What an evaluation would tell an audience, to be attacked: nothing of it is kept."""

from dataclasses import replace
from pathlib import Path

from hi_fhir.attack.reading.candidate import Candidate, read_candidates
from hi_fhir.attack.reading.ledger import read_days
from hi_fhir.attack.told import Told
from hi_fhir.core.audiences import Audience
from hi_fhir.disclosure.policies import policies
from hi_fhir.pipeline.attacked import READER
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.giving import build, decide
from hi_fhir.pipeline.release_job import ReleaseJob, check_contents, release_job
from hi_fhir.terminology.catalogue import load


def would_tell(context: RunContext, evaluation: Path, audience: Audience) -> Told:
    """What `report` would keep of an evaluation, beside all that is out of its day, as it is attacked before that.

    Raises:
        UserError, GateError: as of `report`.
    """
    job = _job(context, evaluation, audience)
    with context.store.read() as session:
        known = read_days(session, READER, [job.evaluation.as_of])
    return known.joined(_told(context, job, primary_only=False))


def would_tell_by_masking_alone(context: RunContext, evaluation: Path, audience: Audience) -> Told:
    """What an audience would be given if small counts were masked and others rounded, and none held back beside them.

    Raises:
        UserError, GateError: as of `report`.
    """
    return _told(context, _job(context, evaluation, audience), primary_only=True)


def _job(context: RunContext, evaluation: Path, audience: Audience) -> ReleaseJob:
    terminology = load(context.config.overlays)
    job = release_job(context.config, terminology, evaluation, audience)
    check_contents(terminology, job.evaluation)
    return job


def _told(context: RunContext, job: ReleaseJob, *, primary_only: bool) -> Told:
    policy = policies(context.config.disclosure_policy)[job.audience]
    if primary_only:
        policy = replace(policy, fewest=None)
    reports = build(context, job, decide(context, job, policy).released).reports
    context.steps.finish(f"{len(reports)} reports for the {job.audience} audience, which are not kept")
    candidates = (Candidate(one.record, one.reporter.practices) for one in reports)
    return read_candidates(candidates, policy.id, job.evaluation.id)
