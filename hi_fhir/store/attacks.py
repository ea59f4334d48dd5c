"""Which versions of reports were attacked, so that none has to be twice, and none is sent that never was."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.attack_models import AttackRow
from hi_fhir.store.models import Release, ReportRow
from hi_fhir.store.notices import gives_numbers

_AT_ONCE = 1_000  # identifiers in one query


class AttackSummary(NamedTuple):
    """An attack that found nothing which a release gives away. The fields: as of AttackRow."""

    seen: int
    masked: int
    by_several: int
    known_before: int


class AttackedVersions(NamedTuple):
    """Versions by their numbers, as far as they are of the evaluation. audience: that was about to be given them."""

    audience: Audience
    evaluation: str
    numbers: Sequence[int]


class AttackStanding(NamedTuple):
    """What is known of some versions of reports. last: the newest attack on any; is_whole: none is without one."""

    last: AttackSummary | None
    is_whole: bool


def record_attack(session: Session, attacked: AttackedVersions, summary: AttackSummary, at: datetime) -> None:
    """Keep that versions were attacked."""
    session.add(
        AttackRow(
            audience=attacked.audience,
            organisation=None,
            recorded_at=at,
            evaluation_id=attacked.evaluation,
            first=min(attacked.numbers),
            last=max(attacked.numbers),
            **summary._asdict(),
        )
    )


def attack_standing(session: Session, versions: Mapping[str, int]) -> AttackStanding:
    """Of reports by identifier and version. One that is withdrawn gives no numbers, and is not asked about."""
    asked = list(_numbers(session, versions))
    if not asked:
        return AttackStanding(None, is_whole=True)
    least = min(number for number, _ in asked)
    attacks = session.scalars(select(AttackRow).where(AttackRow.last >= least).order_by(AttackRow.id)).all()
    found = [_last(attacks, number, evaluation) for number, evaluation in asked]
    newest = max((one for one in found if one is not None), key=lambda one: one.id, default=None)
    return AttackStanding(_summary(newest) if newest else None, is_whole=None not in found)


def _summary(row: AttackRow) -> AttackSummary:
    return AttackSummary(row.seen, row.masked, row.by_several, row.known_before)


def _last(attacks: Sequence[AttackRow], number: int, evaluation: str) -> AttackRow | None:
    on_it = (one for one in reversed(attacks) if one.first <= number <= one.last and one.evaluation_id == evaluation)
    return next(on_it, None)


def _numbers(session: Session, versions: Mapping[str, int]) -> Iterable[tuple[int, str]]:
    """Number and evaluation of each version that gives numbers."""
    columns = select(ReportRow.identifier, ReportRow.version, ReportRow.number, Release.evaluation_id).join(Release)
    identifiers = list(versions)
    for start in range(0, len(identifiers), _AT_ONCE):
        some = columns.where(ReportRow.identifier.in_(identifiers[start : start + _AT_ONCE]), gives_numbers())
        for identifier, version, number, evaluation in session.execute(some):
            if versions[identifier] == version:
                yield number, evaluation
