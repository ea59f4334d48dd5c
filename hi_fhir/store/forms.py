"""The form of criteria: what is asked without the values, so that a statement is made once for all that ask alike.

To make a statement takes longer than to have the store answer it.
"""

from datetime import date
from typing import Any, NamedTuple

from hi_fhir.core.audiences import Audience
from hi_fhir.store.criteria import DayMatch, InstantMatch, Reader, ReportCriteria


class Parameter(NamedTuple):
    """Where a value was: the place of a parameter of a statement."""

    number: int

    @property
    def name(self) -> str:
        return f"asked_{self.number}"


class SearchForm(NamedTuple):
    """What is asked, and for whom, with places of parameters. organisations: None where whoever's reports are meant."""

    audience: Audience
    organisations: tuple[Parameter, ...] | None
    criteria: ReportCriteria


def form_of(reader: Reader, criteria: ReportCriteria) -> tuple[SearchForm, dict[str, Any]]:
    """The form with the place of a parameter for each value, and the values by parameter."""
    values: dict[str, Any] = {}
    form = _form_of(criteria, values)
    codes = reader.reached
    organisations = None if codes is None else _form(tuple(codes), values)
    return SearchForm(reader.audience, organisations, form), values


def _form_of(criteria: ReportCriteria, values: dict[str, Any]) -> ReportCriteria:
    return ReportCriteria(**{name: _form(asked, values) for name, asked in vars(criteria).items()})


def _form(asked: Any, values: dict[str, Any]) -> Any:
    if isinstance(asked, str | date):
        place = Parameter(len(values))
        values[place.name] = asked
        return place
    if isinstance(asked, DayMatch):
        return DayMatch(asked.prefix, _form(asked.first, values), _form(asked.last, values))
    if isinstance(asked, InstantMatch):
        return InstantMatch(asked.prefix, _form(asked.low, values), _form(asked.high, values))
    if isinstance(asked, ReportCriteria):
        return _form_of(asked, values)
    if isinstance(asked, tuple):
        parts = [_form(part, values) for part in asked]
        return type(asked)(*parts) if hasattr(asked, "_fields") else tuple(parts)
    return asked
