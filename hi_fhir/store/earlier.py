"""What a decision about an evaluation has to reckon with: reports of the same reference date that went out before."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.covered import covered_practices
from hi_fhir.store.models import Release, ReportRow
from hi_fhir.store.notices import gives_numbers


class EarlierRow(NamedTuple):
    """A kept version of a report. id: of its row. practices: those that it covers."""

    id: int
    evaluation_id: str
    measure_url: str
    measure_version: str
    reporter: str
    period_start: date
    period_end: date
    practices: tuple[str, ...]


def earlier_rows(
    session: Session,
    audiences: Collection[Audience],
    as_of: date,
    evaluations: Collection[str],
    policies: Collection[tuple[str, str]],
) -> list[EarlierRow]:
    """Versions of reports of one reference date that any of the audiences was given, but for the decision's own.

    A report that was withdrawn since is among them: who had it knows it. evaluations: the one that is decided about,
    and those that counted the same. policies: id and version of those by which it decides. What was released of these
    evaluations by them since the last other release is its own: the same decision again does not see itself.
    """
    of_day = and_(ReportRow.audience.in_(audiences), ReportRow.as_of == as_of, gives_numbers())
    is_own = _is_own(evaluations, policies)
    last = session.scalar(select(func.max(ReportRow.number)).join(Release).where(of_day, ~is_own))
    if last is None:
        return []
    columns = (
        ReportRow.id,
        Release.evaluation_id,
        ReportRow.measure_url,
        ReportRow.measure_version,
        func.coalesce(ReportRow.organisation, ReportRow.reporter_id),
        ReportRow.period_start,
        ReportRow.period_end,
    )
    rows = session.execute(
        select(*columns).join(Release).where(of_day, ReportRow.number <= last).order_by(ReportRow.number)
    )
    covered: dict[tuple[str, str], tuple[str, ...]] = {}
    found = []
    for id_, evaluation_id, url, version, reporter, start, end in rows:
        key = (evaluation_id, reporter)
        if key not in covered:
            covered[key] = covered_practices(session, id_)
        found.append(EarlierRow(id_, evaluation_id, url, version, reporter, start, end, covered[key]))
    return found


class ReleasedDays(NamedTuple):
    """sources: identifier and version of each report that an evaluation was released as. days: its reference dates.

    numbers: of these versions.
    """

    sources: frozenset[str]
    days: frozenset[date]
    numbers: tuple[int, ...]


def released_days(session: Session, evaluation: str, policies: Collection[tuple[str, str]]) -> ReleasedDays:
    """What was released of an evaluation by policies of these ids and versions."""
    columns = select(ReportRow.identifier, ReportRow.version, ReportRow.as_of, ReportRow.number).join(Release)
    rows = session.execute(columns.where(_is_own([evaluation], policies), gives_numbers())).all()
    sources = frozenset(f"{identifier}/{version}" for identifier, version, _, _ in rows)
    return ReleasedDays(sources, frozenset(day for _, _, day, _ in rows), tuple(number for *_, number in rows))


def _is_own(evaluations: Collection[str], policies: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    by_policy = or_(*(and_(Release.policy_id == id_, Release.policy_version == version) for id_, version in policies))
    return and_(Release.evaluation_id.in_(evaluations), by_policy)
