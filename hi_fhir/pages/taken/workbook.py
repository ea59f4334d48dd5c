"""An area as a spreadsheet: what it is and rests on, then each count and statistic as a row, numbers as numbers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from hi_fhir.pages.taken.area_taken import MASKED, AreaTaken
from hi_fhir.reports.derived.table import Row

_WIDTHS = {"measure": 34, "stratifier": 24, "stratum": 18, "reason": 24, "statistic": 22}
_NARROW = 14


def as_xlsx(taken: AreaTaken) -> bytes:
    """The same bytes for the same rows."""
    import xlsxwriter

    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"Health inequality measures, {taken.area.name}", "created": _noon(taken)})
    head = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    notes = book.add_worksheet("Notes")
    notes.set_column(0, 0, 34)
    notes.set_column(1, 1, 90)
    pairs = [*taken.headings, ("Masked", MASKED), *(("Note", note) for note in taken.notes)]
    pairs += [("Not verified", text) for text in taken.basis.unverified]
    pairs += [(f"Version of {name}", version) for name, version in taken.basis.versions]
    for place, (name, value) in enumerate(pairs):
        notes.write_string(place, 0, name, head)
        notes.write_string(place, 1, value, wrapped)
    figures = book.add_worksheet("Figures")
    figures.freeze_panes(1, 0)
    figures.autofilter(0, 0, max(len(taken.rows), 1), len(Row._fields))
    titles = ["measure_title", *Row._fields]
    for column, name in enumerate(titles):
        figures.set_column(column, column, _WIDTHS.get(name.removesuffix("_title"), _NARROW))
        figures.write_string(0, column, name, head)
    _write(figures, ((taken.measures[row.measure].title, *row) for row in taken.rows), day)
    book.close()
    return made.getvalue()


def _write(sheet: Any, rows: Iterable[Sequence[Any]], day: Any) -> None:
    """What is not given is an empty cell."""
    for place, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_boolean(place, column, value)
            elif isinstance(value, int | float):
                sheet.write_number(place, column, value)
            elif isinstance(value, date):
                sheet.write_datetime(place, column, value, day)
            elif value is not None:
                sheet.write_string(place, column, value)


def _noon(taken: AreaTaken) -> datetime:
    """Of the day of the data, as spreadsheets have times: without a zone."""
    return datetime.combine(date.fromisoformat(taken.basis.date), time(12))
