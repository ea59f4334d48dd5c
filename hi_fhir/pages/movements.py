"""How far the scores of an area moved since the period before: the surest first, and what of it cannot be told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.measures.model import Measure
from hi_fhir.measures.stratifiers import ALL
from hi_fhir.pages import wording
from hi_fhir.pages.differences import RankedDifference
from hi_fhir.pages.gaps import COMPARED
from hi_fhir.reports.derived.rows import CHANGE
from hi_fhir.reports.derived.table import Row


class Movement(RankedDifference):
    """Since the period before, whichever way it goes."""

    @property
    def direction(self) -> str:
        is_up = (self.row.value or 0) > 0
        return "better" if is_up == (self.measure.improvement == "increase") else "worse"


class UntoldChange(NamedTuple):
    """Why the change of everybody is not told, and of which measures, by title."""

    reason: str
    titles: Sequence[str]


class Movements(NamedTuple):
    """moved: those whose interval says that there is a change, the surest first. compared: how many changes were looked
    at; groups_not_given: how many of groups could not be; untold: of everybody, those that could not be. overlaps: of
    periods that share days, what that does.
    """

    moved: Sequence[Movement]
    compared: int
    groups_not_given: int
    untold: Sequence[UntoldChange]
    overlaps: Sequence[str]

    @property
    def is_there(self) -> bool:
        """Whether there is a period before to compare with."""
        return bool(self.compared or self.groups_not_given or self.untold)

    @property
    def told(self) -> str:
        if not self.is_there:
            return "There is no period before to compare with."
        missing = f" Of {self.groups_not_given} more groups it cannot be told." if self.groups_not_given else ""
        told = (
            f"{self.compared} changes since the period before were looked at, of everybody and of groups, of which "
            f"some look large by chance alone.{missing} A change is listed where its whole 95% interval says that "
            "there is one; the end that says less decides the order."
        )
        return " ".join((told, *self.overlaps))


def movements(rows: Iterable[Row], measures: Mapping[str, Measure]) -> Movements:
    """rows: of an area in a period. Of everybody, and of the groups that are compared; ties by name."""
    changes = [row for row in rows if row.statistic == CHANGE and row.stratifier in (ALL, *COMPARED)]
    moved = [
        Movement(measures[row.measure], row, at_least)
        for row in changes
        if row.lower is not None and row.upper is not None and (at_least := max(row.lower, -row.upper)) > 0
    ]
    moved.sort(key=lambda one: (-one.at_least, one.row.measure, one.row.stratifier, one.row.stratum or ""))
    absent = [row for row in changes if row.lower is None]
    titles: dict[str, list[str]] = {}
    for row in absent:
        if row.stratifier == ALL:
            titles.setdefault(wording.why(row.reason), []).append(measures[row.measure].title)
    untold = [UntoldChange(reason, sorted(own)) for reason, own in sorted(titles.items())]
    of_groups = sum(row.stratifier != ALL for row in absent)
    return Movements(moved, len(changes) - len(absent), of_groups, untold, wording.overlaps(changes))
