"""What is taken away of an area in a period: its rows, and what they rest on, the same for each form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hi_fhir.core.days import Period
from hi_fhir.measures.model import Measure
from hi_fhir.pages import wording
from hi_fhir.pages.about import DataBasis
from hi_fhir.pages.areas import PageArea
from hi_fhir.reports.derived.table import Row

MASKED = (
    'Counts of 1 to 7 are masked. "Held back" is a count from which one of these could be worked out. Other counts are '
    "rounded to 5 where the disclosure policy says so. A share is not given where one of its counts is not. What is "
    "not given is no zero."
)


class Heading(NamedTuple):
    """What stands at the head of each form."""

    name: str
    value: str


@dataclass(frozen=True)
class AreaTaken:
    """rows: of all measures of the area in the period. names: of organisations, by ODS code."""

    area: PageArea
    period: Period
    audience: str
    rows: Sequence[Row]
    basis: DataBasis
    measures: Mapping[str, Measure]
    names: Mapping[str, str]

    @property
    def headings(self) -> list[Heading]:
        return [
            Heading("Area", f"{self.area.name} ({self.area.code}), {self.area.kind_name}"),
            Heading("Period", f"{wording.day(self.period.start)} to {wording.day(self.period.end)}"),
            Heading("Date of the data", wording.day_of(self.basis.date)),
            Heading("For", f"{self.audience} audience"),
            *(Heading(*one) for one in self.basis.basis),
            *(Heading(f"Source {name}", f"data of {value}") for name, value in self.basis.sources),
            Heading("Use", "Monitoring, not a payment claim."),
        ]

    @property
    def notes(self) -> list[str]:
        """Of the run, and on what is worked out from it."""
        return [*self.basis.notes, *wording.overlaps(self.rows)]

    @property
    def measure_ids(self) -> list[str]:
        """In order of title."""
        return sorted({row.measure for row in self.rows}, key=lambda id_: (self.measures[id_].title, id_))

    @property
    def file_name(self) -> str:
        """Without what says its form."""
        return f"hi-fhir-{self.area.code}-{self.period.start}-{self.period.end}-{self.audience}"
