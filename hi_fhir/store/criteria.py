"""What a search of the store asks, as values: criteria within a tuple are alternatives, the tuples all hold."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from hi_fhir.core.audiences import Audience

T = TypeVar("T")
AnyOf = tuple[tuple[T, ...], ...]
"""Outer: all hold, as of a repeated parameter. Inner: any holds, as of values joined by commas. Empty: not asked."""


class TokenMatch(NamedTuple):
    """system None: any, "": none. value None: any."""

    system: str | None
    value: str | None


class CanonicalMatch(NamedTuple):
    """version None: any."""

    url: str
    version: str | None


class DayMatch(NamedTuple):
    """prefix: eq, ne, gt, lt, ge, le, sa, eb or ap. first, last: the days that the search's value covers."""

    prefix: str
    first: date
    last: date


class InstantMatch(NamedTuple):
    """prefix: as of days. low: included, high: excluded."""

    prefix: str
    low: datetime
    high: datetime


class ReporterMatch(NamedTuple):
    """An Organization by its id or by its identifier."""

    organisation_id: str | None
    identifier: TokenMatch | None


@dataclass(frozen=True)
class Reader:
    """Who asks. It has reports, their measures and their reporters.

    audience: how much is masked in them; whoever asks has what was released to that one alone.
    organisations: whose they are, ODS codes: reports by these, and by what belonged to them on the report's reference
    date (`store.readable` says what follows). None: whoever's they are, but for the practice audience, whose reports
    are exact.
    reach: whose reports these have on the day of asking, by who followed whom (`store.successions` works it out);
    None: their own. It is no part of who somebody is.

    Raises:
        ValueError: the practice audience without organisations.
    """

    audience: Audience
    organisations: Set[str] | None = None
    reach: Set[str] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.organisations is not None:
            object.__setattr__(self, "organisations", frozenset(self.organisations))
        elif self.audience == Audience.PRACTICE:
            raise ValueError("exact reports have readers by name alone")

    @property
    def named(self) -> list[str] | None:
        """Its organisations in order of code."""
        return None if self.organisations is None else sorted(self.organisations)

    @property
    def reached(self) -> list[str] | None:
        """Whose reports it has, in order of code; None: whoever's."""
        return self.named if self.reach is None else sorted(self.reach)


@dataclass(frozen=True)
class ReportCriteria:
    """none_of: criteria that what is found does not meet."""

    ids: AnyOf[str] = ()
    identifiers: AnyOf[TokenMatch] = ()
    measures: AnyOf[CanonicalMatch] = ()
    periods: AnyOf[DayMatch] = ()
    dates: AnyOf[DayMatch] = ()
    reporters: AnyOf[ReporterMatch] = ()
    statuses: AnyOf[str] = ()
    updated: AnyOf[InstantMatch] = ()
    none_of: tuple["ReportCriteria", ...] = ()


@dataclass(frozen=True)
class MeasureCriteria:
    ids: AnyOf[str] = ()
    urls: AnyOf[CanonicalMatch] = ()
    versions: AnyOf[str] = ()
    statuses: AnyOf[str] = ()
    updated: AnyOf[InstantMatch] = ()
    none_of: tuple["MeasureCriteria", ...] = ()


@dataclass(frozen=True)
class OrganisationCriteria:
    ids: AnyOf[str] = ()
    identifiers: AnyOf[TokenMatch] = ()
    updated: AnyOf[InstantMatch] = ()
    none_of: tuple["OrganisationCriteria", ...] = ()


@dataclass(frozen=True)
class AuditCriteria:
    """clients: their ids. organisations: ODS codes. without_client, without_organisation: whether there is none."""

    ids: AnyOf[int] = ()
    times: AnyOf[InstantMatch] = ()
    clients: AnyOf[str] = ()
    organisations: AnyOf[str] = ()
    peers: AnyOf[str] = ()
    outcomes: AnyOf[str] = ()
    without_client: tuple[bool, ...] = ()
    without_organisation: tuple[bool, ...] = ()
    none_of: tuple["AuditCriteria", ...] = ()
