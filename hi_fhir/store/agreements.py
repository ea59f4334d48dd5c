"""Agreements of practices, and of which practices none is in force for an audience."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.core.days import LONDON
from hi_fhir.store.agreement_models import AgreementRow
from hi_fhir.store.covered import covered_practices
from hi_fhir.store.models import ReportRow
from hi_fhir.store.notices import WITHDRAWN
from hi_fhir.store.successions import successions_of


@dataclass(frozen=True)
class NewAgreement:
    """practice: whose data; recipient: who has the numbers; ODS codes. dpia: reference of the impact assessment.

    start, end: first and last day; end None: until it is ended.
    """

    practice: str
    recipient: str
    audiences: tuple[Audience, ...]
    purpose: str
    lawful_basis: str
    dpia: str
    start: date
    end: date | None = None


class NotAgreed(NamedTuple):
    """A practice without an agreement in force. lapsed: the last day of the last one that was; None: there was none.

    asked: who had to agree, in its place where it ended; None: itself.
    """

    practice: str
    lapsed: date | None
    asked: str | None = None


def add_agreement(session: Session, new: NewAgreement, at: datetime) -> str:
    """Keep an agreement; its id."""
    id_ = str(uuid4())
    common = {
        "organisation": new.practice,
        "agreement_id": id_,
        "recipient": new.recipient,
        "purpose": new.purpose,
        "lawful_basis": new.lawful_basis,
        "dpia": new.dpia,
        "start": new.start,
        "end": new.end,
        "recorded_at": at,
    }
    session.add_all(AgreementRow(audience=str(one), **common) for one in new.audiences)
    return id_


def agreements(session: Session) -> Sequence[AgreementRow]:
    """All that were ever kept, by practice and first day; those of one agreement, an audience each, together."""
    order = (AgreementRow.organisation, AgreementRow.start, AgreementRow.agreement_id, AgreementRow.id)
    return session.scalars(select(AgreementRow).order_by(*order)).all()


def end_agreement(session: Session, id_: str, at: datetime) -> bool:
    """Have it be in force no longer, from this instant; whether there was one that was not ended."""
    rows = session.scalars(
        select(AgreementRow).where(AgreementRow.agreement_id == id_, AgreementRow.ended_at.is_(None))
    ).all()
    for row in rows:
        row.ended_at = at
    return bool(rows)


def not_agreed(session: Session, practices: Collection[str], audience: Audience, day: date) -> list[NotAgreed]:
    """Of these practices those whose numbers may not go to the audience that day, in order of code.

    Who agrees is the practice. Once it ended, whoever has followed it by that day does, and all where they are several:
    they answer for its records then, and what itself agreed to is over.
    """
    lacking = []
    known = successions_of(session, practices)
    of_practice: dict[str | None, list[AgreementRow]] = {}
    for row in session.scalars(select(AgreementRow).where(AgreementRow.audience == audience)):
        of_practice.setdefault(row.organisation, []).append(row)
    for practice in sorted(practices):
        for asked in known.in_place_of(practice, day):
            rows = of_practice.get(asked, [])
            if not any(in_force(row, day) for row in rows):
                last = [one for row in rows if row.start <= day and (one := last_day(row)) is not None]
                lacking.append(NotAgreed(practice, max(last, default=None), None if asked == practice else asked))
                break
    return lacking


def in_force(row: AgreementRow, day: date) -> bool:
    """One that was ended is in force no more on the day of its end."""
    return row.ended_at is None and row.start <= day and (row.end is None or day <= row.end)


def last_day(row: AgreementRow) -> date | None:
    """Of what is agreed; None: it has no end yet."""
    ended = None if row.ended_at is None else row.ended_at.astimezone(LONDON).date()
    return min((one for one in (ended, row.end) if one is not None), default=None)


def practices_behind(session: Session, identifiers: Collection[str]) -> set[str]:
    """Practices that reports cover, by the reports' identifiers. Those of one reporter and release cover the same."""
    of_them = ReportRow.identifier.in_(identifiers), ReportRow.is_latest
    one_each = select(func.min(ReportRow.id)).where(*of_them).group_by(ReportRow.organisation, ReportRow.release_id)
    return {practice for row in session.scalars(one_each) for practice in _practices(session, row)}


def agreed_reports(session: Session, reports: Collection[int], day: date) -> set[int]:
    """Of versions of reports, by the ids of their rows, those all of whose practices agreed to their audience.

    A practice's own exact reports need no agreement, nor does that a report was withdrawn.
    """
    columns = select(ReportRow.id, ReportRow.audience, ReportRow.status)
    found = session.execute(columns.where(ReportRow.id.in_(reports))).all()
    return {
        report
        for report, audience, status in found
        if audience == Audience.PRACTICE
        or status == WITHDRAWN
        or not not_agreed(session, _practices(session, report), Audience(audience), day)
    }


def _practices(session: Session, report: int) -> Collection[str]:
    """Those that a report covers; of one that names none, from before reports did, whoever it is by."""
    by = session.scalars(select(ReportRow.organisation).where(ReportRow.id == report)).one()
    return covered_practices(session, report) or [by or ""]
