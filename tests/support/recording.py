"""Reports prepared and recorded in one transaction, as tests of what is read from a store do."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hi_fhir.store import ledger


def record_reports(
    session: Session, release: ledger.NewRelease, reports: Sequence[ledger.NewReport], at: datetime
) -> list[ledger.KeptVersion]:
    return ledger.record_reports(session, release, ledger.prepare_reports(session, reports), at)
