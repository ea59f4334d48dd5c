"""Practices that became one: whose people a report counts that was made when they were one already."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from hi_fhir.attack.told import Told
from hi_fhir.core.successions import Successions
from hi_fhir.store.successions import successions_of


def with_predecessors(session: Session, told: Told) -> Told:
    """What was told, each report of the practices as they are where they are told apart on the same day.

    Where a practice is in one evaluation of a reference date and not in another, and who alone follows it is, the
    latter is taken to count its people too. That is known to whoever reads who follows whom, and is public.
    """
    known = successions_of(session, {code for report in told.reports for code in report.practices})
    practices: dict[str, dict[str, set[str]]] = {}
    for report in told.reports:
        practices.setdefault(report.reference_date, {}).setdefault(report.edition, set()).update(report.practices)
    reports = []
    for report in told.reports:
        editions = practices[report.reference_date]
        counted = {one for code in report.practices for one in _apart(known, code, editions[report.edition], editions)}
        same = counted == set(report.practices)
        reports.append(report if same else replace(report, practices=tuple(sorted(counted))))
    return replace(told, reports=tuple(reports))


def _apart(
    known: Successions, code: str, there: Collection[str], editions: Mapping[str, Collection[str]]
) -> Collection[str]:
    """Whom a practice counts, as they are told apart in another edition: itself, and those that went up in it.

    One that is in no edition with those has no people but theirs.
    """
    others = set().union(*editions.values()) - set(there)
    before = {one for one in others if known.nearest(one, there) == code}
    is_beside = any(code in edition and not before.isdisjoint(edition) for edition in editions.values())
    return before | {code} if is_beside or not before else before
