"""Whether the practices behind numbers agreed that these leave them, where a deployment asks for that."""

from collections.abc import Collection
from datetime import date

from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.config import REQUIRED, Config
from hi_fhir.core.errors import GateError
from hi_fhir.store.agreements import NotAgreed, not_agreed

_NAMED = 10  # practices in a message


def check_agreed(config: Config, session: Session, practices: Collection[str], audience: Audience, day: date) -> None:
    """Raise GateError where the numbers of any of the practices may not go to the audience that day.

    Nothing of a release goes out then: totals of areas less a practice are other totals, and beside the full ones they
    would tell its own.
    """
    if config.agreements != REQUIRED or audience == Audience.PRACTICE:
        return
    lacking = not_agreed(session, practices, audience, day)
    if lacking:
        named = ", ".join(map(_told, lacking[:_NAMED])) + (", ..." if len(lacking) > _NAMED else "")
        raise GateError(
            f"nothing goes to the {audience} audience: of {len(practices)} practices {len(lacking)} have no agreement "
            f"in force for it: {named}. Record them (hi-fhir agreements add), or leave these practices' sources out."
        )


def _told(one: NotAgreed) -> str:
    return f"{one.practice} (none)" if one.lapsed is None else f"{one.practice} (lapsed on {one.lapsed})"
