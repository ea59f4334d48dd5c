"""A difference of two scores that a page ranks, with what of it is sure."""

from dataclasses import dataclass

from hi_fhir.measures.model import Measure
from hi_fhir.pages import wording
from hi_fhir.reports.derived.table import Row


@dataclass(frozen=True)
class RankedDifference:
    """row: the difference, of a group. at_least: the end of its interval that says less, as a share."""

    measure: Measure
    row: Row
    at_least: float

    @property
    def label(self) -> str:
        """Of the group."""
        return wording.group(self.measure, self.row.stratifier, self.row.stratum or "")

    @property
    def difference(self) -> str:
        return wording.difference(self.row, self.measure)
