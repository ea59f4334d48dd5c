"""Whether practices that became one were counted together on one day and apart in another release of that day."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from hi_fhir.core.errors import GateError
from hi_fhir.measures.evaluation import EvaluationManifest
from hi_fhir.store.earlier import EarlierRow
from hi_fhir.store.successions import successions_of


def check_apart(session: Session, evaluation: EvaluationManifest, earlier: Iterable[EarlierRow]) -> None:
    """Raise GateError where a practice is counted by itself in one, and within who follows it in the other.

    Both together would tell the one's people as the other's less its own, and what a decision would have to hold back
    for that is told already, or is not counted here. earlier: of the same reference date.
    """
    now = frozenset(area.practice_id for area in evaluation.areas)
    then: dict[str, set[str]] = {}
    for row in earlier:
        then.setdefault(row.evaluation_id, set()).update(row.practices)
    known = successions_of(session, now.union(*then.values()))
    for name, practices in then.items():
        for apart, together, whose in ((practices, now, f"evaluation {name}"), (now, practices, "this one")):
            for code in sorted(apart - together):
                if within := sorted(known.following(code) & together):
                    raise GateError(
                        f"evaluation {evaluation.id}: on {evaluation.as_of} practice {code} is counted by itself in "
                        f"{whose}, and in the other its people are those of {', '.join(within)}, which follows it. "
                        "Both releases together would tell small counts of either. Have its records counted under its "
                        "own code on that day, or evaluate another reference date (--reference-date)."
                    )
