"""The attack on a release beside everything of the same days that is out: before it is kept, else before it is sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from hi_fhir.attack.findings import Recovered, RecoveredExample
from hi_fhir.attack.reading.candidate import Candidate, read_candidates
from hi_fhir.attack.reading.definitions import same_people
from hi_fhir.attack.reading.followed import with_predecessors
from hi_fhir.attack.reading.ledger import read_days
from hi_fhir.attack.telling import told_example, told_recovered
from hi_fhir.attack.told import Told
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import GateError
from hi_fhir.core.events import event
from hi_fhir.core.progress import Silent
from hi_fhir.measures.evaluation import read_evaluation
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.counted import counts_kept, read_counts
from hi_fhir.pipeline.history import find_evaluation
from hi_fhir.pipeline.published import policies_above_practice, reckoned_with
from hi_fhir.pipeline.release_job import ReleaseJob
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.reports.records import ReadyReport
from hi_fhir.store import ledger
from hi_fhir.store.attacks import AttackedVersions, AttackSummary, attack_standing, record_attack
from hi_fhir.store.earlier import released_days

if TYPE_CHECKING:
    from hi_fhir.attack.given_away import GivenAway

READER = Audience.PCN
"""Who is given most above the practice: the reports of networks, and with them those of boards and of the public."""
_SHOWN = 3


def attack_candidate(
    context: RunContext, job: ReleaseJob, policy: str, reports: Sequence[ReadyReport], seen: int
) -> AttackSummary | None:
    """Attack what of a release is not kept yet, as its readers can, and with it all that they have; None: nothing is.

    First as everybody, then as each practice that knows its own people exactly. A practice's own reports give its own
    counts: there is nothing to work out. policy: id of that by which was decided. seen: number of the last version that
    it was decided with.

    Raises:
        GateError: a small count can be worked out that could not be before.
        CancelledError: the work was asked to end.
    """
    if job.audience == Audience.PRACTICE:
        return None
    with context.store.read() as session:
        are_new = ledger.are_new(session, [one.record for one in reports])
        if not any(are_new):
            return None
        context.steps.start("attack", None, "reports")
        told = read_days(session, READER, [job.evaluation.as_of])
    kept = {one.record.identifier for one, is_new in zip(reports, are_new, strict=True) if not is_new}
    also = _last_of(told, kept)
    candidates = [
        Candidate(one.record, one.reporter.practices) for one, is_new in zip(reports, are_new, strict=True) if is_new
    ]
    new = range(len(told.reports), len(told.reports) + len(candidates))
    told = told.joined(read_candidates(candidates, policy, job.evaluation.id))
    of = _OfRelease(job.evaluation.id, job.audience, "kept, nor given to anybody")
    found = _attacked(context, told, new, {job.evaluation.id: job.counts}, also)
    context.cancel.check()
    summary = _passed(context, found, of, seen)
    context.steps.start("report", len(reports), "reports")
    return summary


def _last_of(told: Told, identifiers: Collection[str]) -> list[int]:
    """Places of the last version of each of these reports."""
    places = {report.source.rpartition("/")[0]: place for place, report in enumerate(told.reports)}
    return sorted(places[one] for one in identifiers if one in places)


def check_kept(context: RunContext, released: ReportManifest) -> int:
    """How many small counts could be worked out before a release already.

    That it was attacked before it was kept, the store says. A release of before that was so is attacked now, as far as
    anything in it is of its evaluation: else it was out before.

    Raises:
        GateError: a small count can be worked out that could not be before.
    """
    if released.audience == Audience.PRACTICE:
        return 0
    with context.store.read() as session:
        standing = attack_standing(session, {one.identifier: one.version for one in released.reports})
        if standing.is_whole:
            return standing.last.known_before if standing.last else 0
        own = released_days(session, released.evaluation, policies_above_practice(context.config.disclosure_policy))
        if not own.days:
            return 0
        context.steps.start("attack", None, "reports")
        seen = ledger.newest_version(session, reckoned_with(released.audience))
        told = read_days(session, READER, own.days)
    new = [place for place, report in enumerate(told.reports) if report.source in own.sources]
    folder = find_evaluation(context.config.data_dir, released.evaluation)
    exact = {released.evaluation: read_counts(folder, read_evaluation(folder))}
    of = _OfRelease(released.evaluation, released.audience, "sent")
    summary = _passed(context, _attacked(context, told, new, exact), of, seen)
    with context.store.write() as session:
        attacked = AttackedVersions(released.audience, released.evaluation, own.numbers)
        record_attack(session, attacked, summary, context.clock.now())
    return summary.known_before


class _OfRelease(NamedTuple):
    """What was attacked, and what is not done with it where it gives something away."""

    evaluation: str
    audience: Audience
    refused: str


def _attacked(
    context: RunContext,
    told: Told,
    new: Collection[int],
    own: Mapping[str, pa.Table],
    also: Collection[int] = (),
) -> "GivenAway":
    """own: COUNTS of what is new, by edition. The other arguments: as of `given_away`."""
    from hi_fhir.attack.given_away import given_away  # and with it a solver, which takes as long to load as the engine

    with context.store.read() as session:
        told = with_predecessors(session, told)
    told = replace(told, same=same_people(told.reports, context.config.overlays))
    exact = {**counts_kept(context.config.data_dir, (one.edition for one in told.reports)), **own}
    return given_away(told, new, exact, context.config.release_check, Silent(), also)


def _passed(context: RunContext, found: "GivenAway", of: _OfRelease, seen: int) -> AttackSummary:
    """What the attack came to, which is said.

    Raises:
        GateError: it found something.
    """
    what = f"of its reports for the {of.audience} audience and of what was released before. Nothing is {of.refused}."
    if found.recovered:
        raise GateError(
            f"evaluation {of.evaluation}: {len(found.recovered)} small counts can be worked out {what} For "
            f"example:\n{_examples(found.examples, found.recovered)}"
        )
    if insiders := [one for one in found.insiders if one.recovered]:
        first, counts = insiders[0], sum(len(one.recovered) for one in insiders)
        raise GateError(
            f"evaluation {of.evaluation}: {len(insiders)} practices, each of which knows its own people, can "
            f"work out {counts} small counts of others {what} For example {first.practice}:\n"
            f"{_examples(found.from_within, first.recovered)}"
        )
    already = found.already + sum(one.already for one in found.insiders)
    if already:
        event("attack.known-before", evaluation=of.evaluation, counts=already)
    before = f"; {already:,} could be worked out before" if already else ""
    context.steps.finish(
        f"{found.masked:,} small counts attacked, {found.asked:,} of them with several sums at once{before}"
    )
    return AttackSummary(seen, found.masked, found.asked, already)


def _examples(examples: Sequence[RecoveredExample], recovered: Sequence[Recovered]) -> str:
    """A few with what they follow from, where single sums gave any away; else a few by name."""
    if examples:
        return "\n".join(line for one in examples[:_SHOWN] for line in told_example(one))
    return "\n".join(told_recovered(one) for one in recovered[:_SHOWN])
