"""What an evaluation holds fixed: the period, the reference date, the IMD year and what value sets stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hi_fhir.core.days import Period
from hi_fhir.measures.words.windows import Ever, Window, days_of
from hi_fhir.terminology.codings import Coding
from hi_fhir.terminology.units import Units

UNTIMED = datetime(1, 1, 1, tzinfo=UTC)
"""Stands for no instant: it is before all others of a day."""


@dataclass(frozen=True)
class EvaluationContext:
    """as_of: the last day that any measure sees. imd_year: 2019 or 2025."""

    period: Period
    as_of: date
    imd_year: int

    def days(self, window: Window) -> tuple[date, date]:
        return days_of(window, self.period, self.as_of)

    def window_columns(self, window: Window) -> dict[str, date | bool]:
        """The window as the tables of codes have it: its days, and whether records without a day are in it."""
        start, end = self.days(window)
        return {"from_day": start, "to_day": end, "undated": isinstance(window, Ever)}


@dataclass(frozen=True)
class Codes:
    """value_sets: id to every code that counts as one of its codes. analytes: id to what all of them measure,
    where that is said. units: what units as received stand for."""

    value_sets: Mapping[str, frozenset[Coding]]
    analytes: Mapping[str, str]
    units: Units

    def of(self, value_set: str) -> list[Coding]:
        """Its codes in order."""
        return sorted(self.value_sets[value_set])
