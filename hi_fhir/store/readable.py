"""What a reader may have, as conditions on columns: the one place that decides it, for who asks and who is sent."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select, tuple_, union_all
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
    return released & or_(own, tuple_(ReportRow.organisation, ReportRow.as_of).in_(_within(audience, organisations)))


def has_measure(audience: Audience, organisations: Codes | None) -> ColumnElement[bool]:
    """That a report on the measure is there to be had."""
    had = has_report(audience, organisations)
    return exists().where(ReportRow.measure_url == MeasureRow.url, ReportRow.is_current, had)


def has_organisation(audience: Audience, organisations: Codes | None) -> ColumnElement[bool]:
    """That a report by the organisation is there to be had."""
    had = has_report(audience, organisations)
    return exists().where(ReportRow.reporter_id == OrganisationRow.resource_id, ReportRow.is_current, had)


def codes_of(reader: Reader) -> list[str] | None:
    return None if reader.organisations is None else sorted(reader.organisations)


def readable_reports(session: Session, reader: Reader) -> frozenset[str]:
    """Identifiers of all reports that a reader may have."""
    had = has_report(reader.audience, codes_of(reader))
    return frozenset(session.scalars(select(ReportRow.identifier).where(ReportRow.is_latest, had)))


def _within(audience: Audience, organisations: Codes) -> Select[*tuple[Any, ...]]:
    """What belonged to the organisations on which day: practices, and networks of a board's practices."""
    in_network, in_board = (any_of(whole, organisations) for whole in (MembershipRow.pcn, MembershipRow.icb))
    if audience == Audience.PCN:
        return _parts(MembershipRow.organisation, in_network)
    practices = _parts(MembershipRow.organisation, or_(in_network, in_board))
    return select(union_all(practices, _parts(MembershipRow.pcn, in_board)).subquery())


def _parts(part: Text, condition: ColumnElement[bool]) -> Select[Any, Any]:
    return select(part, MembershipRow.as_of).where(MembershipRow.is_latest, condition)
