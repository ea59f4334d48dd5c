"""Reports that say that they were withdrawn, or why they were corrected: made of a report as it was released."""

from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import orjson

from hi_fhir.core.files import canonical_json
from hi_fhir.reports.checks import check_resource
from hi_fhir.reports.concepts import definition, valued
from hi_fhir.store.notices import WITHDRAWN, Notice

_KEPT = (*("resourceType", "id", "identifier", "type", "measure", "date", "reporter", "period", "improvementNotation"),)
"""What a withdrawn report goes on to say: of what it was. Whatever else is in a report may be a number."""
_KEPT_EXTENSIONS = ("report-basis", "covered-practice")
_XHTML = "http://www.w3.org/1999/xhtml"


def withdrawn_report(content: bytes, base: str, notice: Notice, on: date) -> bytes:
    """The report without its numbers and without what was said of them, as canonical JSON.

    content: of a version as it was released. base: of the deployment's canonical URLs.
    Source: FHIR R4 MeasureReport.status; `error` is the one of its three codes that promises no numbers.
    """
    report = orjson.loads(content)
    kept = {definition(base, name) for name in _KEPT_EXTENSIONS}
    extensions = [one for one in report.get("extension", ()) if one["url"] in kept]
    said = (
        f"This report was withdrawn on {on}, because: {notice.reason} (asked for by {notice.asked_by}). Its numbers, "
        "in whatever version, are not to be used."
    )
    return _spelt(
        {name: report[name] for name in _KEPT if name in report}
        | {
            "status": WITHDRAWN,
            "text": {"status": "generated", "div": f'<div xmlns="{_XHTML}"><p>{escape(said)}</p></div>'},
            "extension": [_extension(base, "withdrawn", notice, on), *extensions],
        }
    )


def corrected_report(content: bytes, base: str, notice: Notice, on: date) -> bytes:
    """The report with why it was corrected and who asked for that, as canonical JSON."""
    report = orjson.loads(content)
    return _spelt(
        report | {"extension": [_extension(base, "correction", notice, on), *report.get("extension", ())]},
    )


def _extension(base: str, name: str, notice: Notice, on: date) -> dict[str, Any]:
    parts = [
        valued("reason", "String", notice.reason),
        valued("asked-by", "String", notice.asked_by),
        valued("on", "Date", on.isoformat()),
    ]
    return {"url": definition(base, name), "extension": parts}


def _spelt(report: dict[str, Any]) -> bytes:
    check_resource(report)
    return canonical_json(report)
