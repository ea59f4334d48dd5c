"""Released counts and what follows from them as one long table: a row each, the same for JSON, CSV and data frames."""

import csv
import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any, NamedTuple

import pyarrow as pa

from hi_fhir.core.errors import UserError
from hi_fhir.disclosure.cells import StratumCells, group_of
from hi_fhir.disclosure.counts import ROUNDED, SCORE
from hi_fhir.disclosure.scores import score
from hi_fhir.measures.model import OCCASIONS
from hi_fhir.reports.cells import Strata
from hi_fhir.reports.derived.rows import DECIMALS, DerivedReport, Statistic
from hi_fhir.reports.derived.shares import scored
from hi_fhir.statistics.intervals import BYAR, WILSON

LIBRARIES = ("pandas", "polars")

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What text may not begin with in a cell. Source: OWASP, CSV Injection."""


class Head(NamedTuple):
    """Whose and which report a row is of. reporter: ODS code."""

    measure: str
    measure_version: str
    reporter: str
    audience: str
    period_start: date
    period_end: date


class Row(NamedTuple):
    """A count, a score or another statistic. statistic: the population of a count, `score`, or a kind of statistic.

    value: None where it is not given, and the reason says why: masked and suppressed counts have none. lower, upper: of
    the confidence interval. state: of a count.
    """

    measure: str
    measure_version: str
    reporter: str
    audience: str
    period_start: date
    period_end: date
    statistic: str
    stratifier: str
    stratum: str | None
    against: str | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    method: str | None = None
    includes_rounding: bool | None = None
    state: str | None = None
    reason: str | None = None


COLUMNS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("measure", "measure_version", "reporter", "audience")),
        *(pa.field(name, pa.date32()) for name in ("period_start", "period_end")),
        *(pa.field(name, pa.string()) for name in ("statistic", "stratifier", "stratum", "against")),
        *(pa.field(name, pa.float64()) for name in ("value", "lower", "upper")),
        pa.field("method", pa.string()),
        pa.field("includes_rounding", pa.bool_()),
        *(pa.field(name, pa.string()) for name in ("state", "reason")),
    ]
)
"""Types of the columns of a Row."""


@dataclass(frozen=True)
class StatisticsTable:
    """Rows of many reports, as they are given to a program or taken away.

    No tuple: libraries take one for its parts before they ask whether it is Arrow.
    """

    rows: Sequence[Row]

    def to_dicts(self) -> list[dict[str, Any]]:
        """A mapping for each row, by name of column."""
        return [row._asdict() for row in self.rows]

    def to_csv(self) -> str:
        """RFC 4180; what is not given is empty.

        Text that a spreadsheet would take for a formula has an apostrophe before it: a code that a record brought may
        be anything.
        """
        text = StringIO()
        written = csv.writer(text, lineterminator="\r\n")
        written.writerow(Row._fields)
        written.writerows(map(_harmless, self.rows))
        return text.getvalue()

    def to_arrow(self) -> pa.Table:
        """Columns of the types of COLUMNS, whatever is given in them; what is not given is null, never 0."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(COLUMNS)
        return pa.Table.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, COLUMNS, strict=True)], schema=COLUMNS
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The same for a library that reads Arrow's PyCapsule interface, so that none has to be known here.

        Source: Apache Arrow, The Arrow PyCapsule Interface.
        """
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_frame(self, library: str = "pandas") -> Any:
        """A data frame of pandas or polars. What is not given is missing there, never 0.

        Of pandas, days are `datetime.date`, and a column in which something is not given is of objects or floats.

        Raises:
            UserError: it is neither of them, or is not installed.
        """
        if library not in LIBRARIES:
            raise UserError(f"{library!r} is none of {', '.join(LIBRARIES)}.")
        try:
            made = importlib.import_module(library)
        except ModuleNotFoundError as error:
            raise UserError(f"{library} is not installed. Install it beside hi_fhir.") from error
        return self.to_arrow().to_pandas() if library == "pandas" else made.from_arrow(self.to_arrow())


def _harmless(row: Row) -> list[object]:
    return [f"'{one}" if isinstance(one, str) and one.startswith(_BEGINS_A_FORMULA) else one for one in row]


def report_rows(head: Head, strata: Strata, derived: DerivedReport) -> Iterator[Row]:
    """The counts of a report, each score, and the statistics."""
    for stratifier, own in strata.items():
        for stratum, cells in own.items():
            for population, state, reason, value in zip(*cells, strict=True):
                if population != SCORE:
                    given = None if value is None else float(value)
                    yield Row(*head, population, stratifier, stratum, value=given, state=str(state), reason=reason)
            if "denominator" in cells.populations:
                yield _score_row(head, stratifier, stratum, cells, derived.intervals.get((stratifier, stratum)))
    yield from statistic_rows(head, derived.statistics)


def _score_row(head: Head, stratifier: str, stratum: str, cells: StratumCells, interval: Sequence[float] | None) -> Row:
    value, reason = score(group_of(cells))
    if value is None or interval is None:
        return Row(*head, SCORE, stratifier, stratum, reason=reason)
    states = dict(zip(cells.populations, cells.states, strict=True))
    return Row(
        *head,
        SCORE,
        stratifier,
        stratum,
        None,
        round(value, DECIMALS),
        interval[0],
        interval[1],
        method=BYAR if OCCASIONS in states else WILSON,
        includes_rounding=any(states[one] == ROUNDED for one in scored(states)),
    )


def statistic_rows(head: Head, statistics: Iterable[Statistic]) -> Iterator[Row]:
    """A row for each."""
    for about, numbers, includes_rounding, reason in statistics:
        row = Row(*head, about.kind, about.stratifier, about.stratum, about.against, *numbers, reason=reason)
        given = row._replace(method=about.method, includes_rounding=includes_rounding)
        yield row if reason else given
