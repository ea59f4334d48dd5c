"""The days of a FHIR Period."""

from hi_fhir.tables.dates import first_day, last_day, read_span
from hi_fhir.tables.views.elements import Context, PeriodElement


def days_of(context: Context, period: PeriodElement | None, path: str) -> tuple[int | None, int | None]:
    """The first and the last day of a period at a JSON path, from 1970-01-01; None where it has no start or no end."""
    if period is None:
        return None, None
    start = first_day(read_span(context.read_date, period.start, f"{path}.start")) if period.start else None
    end = last_day(read_span(context.read_date, period.end, f"{path}.end")) if period.end else None
    return start, end
