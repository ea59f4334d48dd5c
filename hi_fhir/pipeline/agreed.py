"""Whether the practices behind numbers agreed that these leave them, where a deployment asks for that."""

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import REQUIRED
from hi_fhir.core.errors import GateError
from hi_fhir.pipeline.context import RunContext
from hi_fhir.store.agreements import NotAgreed, not_agreed
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, local_user, record_at_once
from hi_fhir.tables.dates import london_day

_NAMED = 10  # practices in a message


def check_agreed(context: RunContext, practices_of: Callable[[Session], Collection[str]], audience: Audience) -> None:
    """Raise GateError where the numbers of any of the practices may not go to the audience today. That is kept.

    Nothing of a release goes out then: totals of areas less a practice are other totals, and beside the full ones they
    would tell its own.
    """
    if context.config.agreements != REQUIRED or audience == Audience.PRACTICE:
        return
    now = context.clock.now()
    with context.store.read() as session:
        practices = practices_of(session)
        lacking = not_agreed(session, practices, audience, london_day(now))
    if lacking:
        note = AuditNote(AuditOutcome.REFUSED, AuditReason.AGREEMENT, audience=str(audience), user_name=local_user())
        with context.store.write() as session:
            record_at_once(session, note, now, timedelta(days=context.config.audit_days))
        named = ", ".join(map(_told, lacking[:_NAMED])) + (", ..." if len(lacking) > _NAMED else "")
        raise GateError(
            f"nothing goes to the {audience} audience: of {len(practices)} practices {len(lacking)} have no agreement "
            f"in force for it: {named}. Record them (hi-fhir agreements add), or leave these practices' sources out."
        )


def _told(one: NotAgreed) -> str:
    whose = one.practice if one.asked is None else f"{one.practice}, in whose place {one.asked} agrees"
    return f"{whose} (none)" if one.lapsed is None else f"{whose} (lapsed on {one.lapsed})"
