"""What a reader may have, as conditions on columns: the one place that decides it, for who asks and who is sent."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from hi_fhir.core.audiences import Audience
from hi_fhir.store.conditions import Text, any_of
from hi_fhir.store.criteria import Reader
from hi_fhir.store.forms import Parameter
from hi_fhir.store.models import MeasureRow, MembershipRow, OrganisationRow, ReportRow

Codes = Sequence[str | Parameter]


def has_report(audience: Audience, organisations: Codes | None) -> ColumnElement[bool]:
    """That a report was released to the audience, and is by one of the organisations or by what belonged to it.

    A practice's exact reports are its own alone. Those for networks and boards follow the practices down: a network has
    its practices', a board those of its practices and of the networks that any of them is in.
    """
    released = ReportRow.audience == audience
    if organisations is None:
        return released
    own = any_of(ReportRow.organisation, organisations)
    if audience == Audience.PRACTICE:
        return released & own
    in_network, in_board = (any_of(whole, organisations) for whole in (MembershipRow.pcn, MembershipRow.icb))
    if audience == Audience.PCN:
        return released & or_(own, _is_part(MembershipRow.organisation, in_network))
    is_practice = _is_part(MembershipRow.organisation, or_(in_network, in_board))
    return released & or_(own, is_practice, _is_part(MembershipRow.pcn, in_board))


def has_measure(audience: Audience, organisations: Codes | None) -> ColumnElement[bool]:
    """That a report on the measure is there to be had."""
    had = has_report(audience, organisations)
    return exists().where(ReportRow.measure_url == MeasureRow.url, ReportRow.is_current, had)


def has_organisation(audience: Audience, organisations: Codes | None) -> ColumnElement[bool]:
    """That a report by the organisation is there to be had."""
    had = has_report(audience, organisations)
    return exists().where(ReportRow.reporter_id == OrganisationRow.resource_id, ReportRow.is_current, had)


def readable_reports(session: Session, reader: Reader) -> frozenset[str]:
    """Identifiers of all reports that a reader may have."""
    had = has_report(reader.audience, reader.reached)
    return frozenset(session.scalars(select(ReportRow.identifier).where(ReportRow.is_latest, had)))


def _is_part(part: Text, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That the report is by such a part of what meets the condition, on the report's reference date."""
    same = (MembershipRow.as_of == ReportRow.as_of, part == ReportRow.organisation)
    return exists().where(MembershipRow.is_latest, *same, condition)
