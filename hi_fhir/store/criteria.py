"""What a search of the store asks, as values: criteria within a tuple are alternatives, the tuples all hold."""

from dataclasses import dataclass
from datetime import date
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


class ReporterMatch(NamedTuple):
    """An Organization by its id or by its identifier."""

    organisation_id: str | None
    identifier: TokenMatch | None


@dataclass(frozen=True)
class Reader:
    """Who asks: an audience has the reports that were released to it, their measures and their reporters.

    practice: ODS code of the practice that asks, for the practice audience, of which each has its own reports alone.
    """

    audience: Audience
    practice: str | None = None


@dataclass(frozen=True)
class ReportCriteria:
    ids: AnyOf[str] = ()
    identifiers: AnyOf[TokenMatch] = ()
    measures: AnyOf[CanonicalMatch] = ()
    periods: AnyOf[DayMatch] = ()
    dates: AnyOf[DayMatch] = ()
    reporters: AnyOf[ReporterMatch] = ()
    statuses: AnyOf[str] = ()


@dataclass(frozen=True)
class MeasureCriteria:
    ids: AnyOf[str] = ()
    urls: AnyOf[CanonicalMatch] = ()
    versions: AnyOf[str] = ()
    statuses: AnyOf[str] = ()


@dataclass(frozen=True)
class OrganisationCriteria:
    ids: AnyOf[str] = ()
    identifiers: AnyOf[TokenMatch] = ()
