"""The table of what was released as text: what a spreadsheet would make something else of."""

import csv
from datetime import date
from io import StringIO

import pytest

from hi_fhir.reports.derived.table import Row, StatisticsTable


def in_csv(row: Row) -> dict[str, str]:
    [read] = csv.DictReader(StringIO(StatisticsTable([row]).to_csv()))
    return read


def a_row(reporter: str, value: float | None = None) -> Row:
    days = date(2024, 4, 1), date(2025, 3, 31)
    return Row("ethnicity-recorded", "1", reporter, "practice", *days, "difference", "all", "all", value=value)


@pytest.mark.parametrize("reporter", ["=1+1", "+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1"])
def test_what_would_be_a_formula_is_text(reporter: str) -> None:
    assert in_csv(a_row(reporter))["reporter"] == f"'{reporter}"


def test_a_number_below_0_stays_a_number() -> None:
    assert in_csv(a_row("A99001", -2.5))["value"] == "-2.5"


@pytest.mark.parametrize("reporter", ["A99001", "U99001", "18-24", "A=1"])
def test_other_text_is_as_it_is(reporter: str) -> None:
    assert in_csv(a_row(reporter))["reporter"] == reporter
