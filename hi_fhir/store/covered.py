"""Which practices a kept report covers, as it says itself: memberships change, and a report stays as it was."""

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from hi_fhir.store.models import ReportContent

_COVERED = "/StructureDefinition/covered-practice"
"""How the URL of the extension ends by which a report names a practice that it covers."""


def covered_practices(session: Session, report: int) -> tuple[str, ...]:
    """ODS codes, by the id of the report's row."""
    content = orjson.loads(
        session.scalars(select(ReportContent.content).where(ReportContent.report_id == report)).one()
    )
    covered = (one for one in content.get("extension", ()) if one["url"].endswith(_COVERED))
    return tuple(one["valueReference"]["identifier"]["value"] for one in covered)
