"""The last look before reports are sent: the attack on them and on everything of the same days that is out already."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hi_fhir.attack.findings import Recovered, RecoveredExample
from hi_fhir.attack.reading.definitions import same_people
from hi_fhir.attack.reading.ledger import read_ledger
from hi_fhir.attack.telling import told_example, told_recovered
from hi_fhir.core.audiences import Audience
from hi_fhir.core.errors import GateError
from hi_fhir.core.events import event
from hi_fhir.core.progress import Silent
from hi_fhir.measures.evaluation import read_evaluation
from hi_fhir.pipeline.context import RunContext
from hi_fhir.pipeline.history import find_evaluation
from hi_fhir.pipeline.published import policies_above_practice
from hi_fhir.pipeline.release_job import read_counts
from hi_fhir.pipeline.report_manifest import ReportManifest
from hi_fhir.store.earlier import released_days

if TYPE_CHECKING:
    from hi_fhir.attack.given_away import GivenAway

READER = Audience.PCN
"""Who is given most above the practice: the reports of networks, and with them those of boards and of the public."""
_SHOWN = 3


def check_release(context: RunContext, released: ReportManifest) -> int:
    """Attack a release as its readers can; how many small counts could be worked out before it already.

    First as everybody, then as each practice that knows its own people exactly. A practice's own reports give its own
    counts: there is nothing to work out.

    Raises:
        GateError: a small count can be worked out that could not be before.
    """
    if released.audience == Audience.PRACTICE or (found := _attacked(context, released)) is None:
        return 0
    of = f"of its reports for the {released.audience} audience and of what was released before. Nothing is sent."
    if found.recovered:
        raise GateError(
            f"evaluation {released.evaluation}: {len(found.recovered)} small counts can be worked out {of} For "
            f"example:\n{_examples(found.examples)}\nhi-fhir attack --ledger --audience {READER} lists them all."
        )
    if insiders := [one for one in found.insiders if one.recovered]:
        first, counts = insiders[0], sum(len(one.recovered) for one in insiders)
        raise GateError(
            f"evaluation {released.evaluation}: {len(insiders)} practices, each of which knows its own people, can "
            f"work out {counts} small counts of others {of} For example {first.practice}:\n{_named(first.recovered)}\n"
            f"hi-fhir attack --ledger --audience {READER} --knows {first.practice} tells from what, once it was given "
            "its own reports (hi-fhir report --audience practice)."
        )
    already = found.already + sum(one.already for one in found.insiders)
    if already:
        event("attack.known-before", evaluation=released.evaluation, counts=already)
    return already


def _attacked(context: RunContext, released: ReportManifest) -> "GivenAway | None":
    """What the release gives away; None where nothing in it is from this evaluation: it was out before."""
    from hi_fhir.attack.given_away import given_away  # and with it a solver, which takes as long to load as the engine

    with context.store.read() as session:
        own = released_days(session, released.evaluation, policies_above_practice(context.config.disclosure_policy))
        if not own.days:
            return None
        context.steps.start("attack", None, "reports")
        told = read_ledger(session, READER, ever=True, days=own.days)
    told = replace(told, same=same_people(told.reports, context.config.overlays))
    new = [place for place, report in enumerate(told.reports) if report.source in own.sources]
    folder = find_evaluation(context.config.data_dir, released.evaluation)
    exact = read_counts(folder, read_evaluation(folder))
    found = given_away(told, new, exact, context.config.publish_check, Silent())
    before = f"; {found.already:,} could be worked out before" if found.already else ""
    context.steps.finish(
        f"{found.masked:,} small counts attacked, {found.asked:,} of them with several sums at once{before}"
    )
    return found


def _examples(examples: Sequence[RecoveredExample]) -> str:
    return "\n".join(line for one in examples[:_SHOWN] for line in told_example(one))


def _named(recovered: Sequence[Recovered]) -> str:
    return "\n".join(told_recovered(one) for one in recovered[:_SHOWN])
