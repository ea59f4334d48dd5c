"""The system that the identifiers of reports are of, as an R4 NamingSystem: what gives one, and what it stays with."""

from hi_fhir.reports.artifacts.naming import Json

_SINCE = "2026-11-29"


def identifier_system(system: str) -> Json:
    """system: of the deployment's settings."""
    return {
        "resourceType": "NamingSystem",
        "id": "measure-report",
        "name": "MeasureReportIdentifiers",
        "status": "active",
        "kind": "identifier",
        "date": _SINCE,
        "description": "Of a report: a UUID made of its measure, reporter, period and audience. A correction keeps it.",
        "uniqueId": [{"type": "uri", "value": system, "preferred": True}],
    }
