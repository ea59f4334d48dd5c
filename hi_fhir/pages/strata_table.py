"""A measure in an area by one breakdown: a line for each group, with what is given and what is not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from hi_fhir.measures.model import OCCASIONS, Measure
from hi_fhir.measures.stratifiers import ALL, Crossing, Stratifier
from hi_fhir.pages import wording
from hi_fhir.reports.concepts import AREAS
from hi_fhir.reports.derived.table import Row

COUNTED = {
    "initial_population": "People",
    "denominator": "Could be counted",
    "denominator_exclusion": "Left out",
    "denominator_exception": "Excepted",
    "numerator": "Counted",
    "numerator_exclusion": "Counted, but left out",
    OCCASIONS: "Days",
    "undetermined": "Not known",
}
"""Populations, as heads of columns."""


class CountShown(NamedTuple):
    """value: None where it is not given; state and reason say what stands in its place."""

    value: float | None
    state: str | None
    reason: str | None = None

    @property
    def text(self) -> str:
        return wording.not_given(self.state, self.reason) if self.value is None else wording.people(self.value)


class Line(NamedTuple):
    """label: of the group. score: None where none is given, for the reason."""

    stratum: str
    label: str
    counts: Mapping[str, CountShown]
    score: float | None
    lower: float | None
    upper: float | None
    reason: str | None


class StrataTable(NamedTuple):
    """populations: those that the measure counts, in order of columns. is_ratio: scores are occasions a person."""

    id: str
    title: str
    populations: Sequence[str]
    lines: Sequence[Line]
    is_ratio: bool

    def score_text(self, value: float) -> str:
        return f"{value:.2f}" if self.is_ratio else wording.share(value)

    def interval_text(self, line: Line) -> str:
        if line.lower is None or line.upper is None:
            return ""
        return f"{self.score_text(line.lower)} to {self.score_text(line.upper)}"

    def line_text(self, line: Line) -> str:
        """The score of a group with its interval."""
        return "not given" if line.score is None else f"{self.score_text(line.score)} ({self.interval_text(line)})"

    @property
    def texts(self) -> list[tuple[str, list[str], str]]:
        """Of each group its label, its counts in order of columns, and its score."""
        return [
            (line.label, [line.counts[name].text for name in self.populations], self.line_text(line))
            for line in self.lines
        ]

    @property
    def has_score(self) -> bool:
        return "denominator" in self.populations

    @property
    def has_figures(self) -> bool:
        """Whether any group has a figure that may be given."""
        return any(line.score is not None for line in self.lines)

    @property
    def sentence(self) -> str:
        """What it shows, for whoever does not see the chart."""
        given = [line for line in self.lines if line.score is not None]
        missing = len(self.lines) - len(given)
        left_out = f" {missing} of {len(self.lines)} groups {wording.have(missing)} no figure." if missing else ""
        if not given:
            return f"No group has a figure that may be given.{left_out}"
        high = max(given, key=lambda line: line.score or 0)
        low = min(given, key=lambda line: line.score or 0)
        if high.score == low.score:
            return f"All groups with a figure have {self._told(high)}.{left_out}"
        return f"Highest in {high.label}: {self._told(high)}. Lowest in {low.label}: {self._told(low)}.{left_out}"

    def _told(self, line: Line) -> str:
        score = "" if line.score is None else self.score_text(line.score)
        return f"{score} (95% interval {self.interval_text(line)})"


def breakdown(measure: Measure, stratifier: str, rows: Iterable[Row], names: Mapping[str, str]) -> StrataTable:
    """rows: of one report. names: of organisations, by ODS code. Groups are in the order of the definition."""
    own = [row for row in rows if row.stratifier == stratifier]
    title, label, strata = _spelt(measure, stratifier, own, names)
    by_stratum: dict[str | None, list[Row]] = {}
    for row in own:
        by_stratum.setdefault(row.stratum, []).append(row)
    lines = []
    for stratum in strata:
        of_it = by_stratum[stratum]
        counts = {
            row.statistic: CountShown(row.value, row.state, row.reason) for row in of_it if row.statistic in COUNTED
        }
        score = next((row for row in of_it if row.statistic == "score"), None)
        told = (None, None, None, None) if score is None else (score.value, score.lower, score.upper, score.reason)
        lines.append(Line(stratum, label(stratum), counts, *told))
    populations = [one for one in COUNTED if any(one in line.counts for line in lines)]
    return StrataTable(stratifier, title, populations, lines, OCCASIONS in populations)


def _spelt(
    measure: Measure, stratifier: str, rows: Sequence[Row], names: Mapping[str, str]
) -> tuple[str, Callable[[str], str], Sequence[str]]:
    """Title, labels and order of the strata."""
    there = list(dict.fromkeys(row.stratum for row in rows if row.stratum is not None))
    if stratifier == ALL:
        return "Everybody", lambda _: "Everybody", there
    if stratifier in AREAS:
        return AREAS[stratifier], lambda code: names.get(code, code), there
    one = next(known for known in measure.stratifiers if known.id == stratifier)
    order = [stratum for stratum in one.strata if stratum in there]
    if isinstance(one, Crossing):
        return one.title, lambda code: _crossed(one, code), order
    return one.title, lambda code: wording.group_of(one, code), order


def _crossed(one: Crossing, code: str) -> str:
    parts: Iterable[tuple[Stratifier, str]] = zip(one.parts, code.split("*"), strict=True)
    return ", ".join(wording.group_of(part, stratum) for part, stratum in parts)
