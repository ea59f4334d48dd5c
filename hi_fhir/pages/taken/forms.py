"""The forms in which an area is taken away."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hi_fhir.pages.taken.area_taken import AreaTaken
from hi_fhir.pages.taken.paper import as_pdf
from hi_fhir.pages.taken.workbook import as_xlsx
from hi_fhir.reports.derived.table import StatisticsTable


class TakenForm(NamedTuple):
    """content_type: as it goes over HTTP."""

    content_type: str
    make: Callable[[AreaTaken], bytes]


def _as_csv(taken: AreaTaken) -> bytes:
    return StatisticsTable(taken.rows).to_csv().encode()


FORMS: Mapping[str, TakenForm] = {
    "csv": TakenForm("text/csv; charset=utf-8; header=present", _as_csv),
    "xlsx": TakenForm("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "pdf": TakenForm("application/pdf", as_pdf),
}
"""By how their files' names end."""
