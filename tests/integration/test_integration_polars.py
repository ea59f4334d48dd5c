"""The table of statistics in polars itself, where it is installed (tests/polars/install.sh; make test-rest runs it)."""

from datetime import date

import pytest

from hi_fhir.reports.derived.table import Row, StatisticsTable

pytestmark = pytest.mark.slow
polars = pytest.importorskip("polars", reason="polars is not installed: tests/polars/install.sh")

HEAD = ("sex-recorded", "2026.1", "U99001", "icb", date(2024, 4, 1), date(2025, 3, 31))
ROWS = [
    Row(*HEAD, "denominator", "all", "all", value=410.0, state="rounded"),
    Row(*HEAD, "numerator", "all", "all", state="masked", reason="masked-part"),
    Row(*HEAD, "score", "all", "all", None, 0.91, 0.88, 0.94, "wilson", includes_rounding=True),
]


@pytest.mark.parametrize("way", ["to_frame", "capsule"])
def test_rows_come_back_as_they_are_given(way: str) -> None:
    table = StatisticsTable(ROWS)
    frame = table.to_frame("polars") if way == "to_frame" else polars.DataFrame(table)
    assert frame.columns == list(Row._fields)
    assert frame.rows() == [tuple(row) for row in ROWS]
    assert frame["value"].null_count() == 1


def test_tables_of_which_one_gives_nothing_are_put_together() -> None:
    masked, given = StatisticsTable(ROWS[1:2]).to_frame("polars"), StatisticsTable(ROWS[:1]).to_frame("polars")
    both = polars.concat([masked, given, StatisticsTable([]).to_frame("polars")])
    assert both["value"].to_list() == [None, 410.0]
    assert both.schema["value"] == polars.Float64
    assert both.schema["period_end"] == polars.Date
